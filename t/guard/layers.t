# Rooms depend downwards only, and httpd, the database and SQL each stay in their room.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Tree;

my %LEVEL = (
    text    => 0,
    odoo    => 1,
    session => 1,
    trail   => 1,
    client  => 1,
    store   => 2,
    alert   => 2,
    settings => 2,
    keeper  => 3,
    admin   => 3,
    tool    => 3,
    httpd   => 4,
    module  => 5,
);

# Headers of httpd itself; APR's are everybody's.
my $HTTPD = qr{^(?:httpd|http_\w+|ap_\w+|util_\w+|mod_\w+|mpm_\w+|scoreboard)\.h$};
my $SQL = qr/"[^"]*\b(?:SELECT\s.*\sFROM|INSERT\s+INTO|DELETE\s+FROM|UPDATE\s+\w+\s+SET|CREATE\s+TABLE)\b/;

my @sources = (files(qr/\.[ch]$/, 'src', 'include'), 'mod_user_audit.c');

sub room ($file) {
    return $file =~ m{^(?:src|include)/(\w+)/} ? $1 : 'module';
}

sub problems_of_include ($file, $name) {
    my $room = room($file);
    my @problems;

    if ($name =~ m{^(\w+)/} && exists $LEVEL{$1} && $1 ne $room && $LEVEL{$1} >= $LEVEL{$room}) {
        push @problems, "$file includes $name, which is not below $room";
    }
    push @problems, "$file includes $name" if $name =~ $HTTPD && $room !~ /^(?:httpd|module)$/;
    push @problems, "$file includes $name" if $name eq 'apr_dbd.h' && $room ne 'store';
    push @problems, "$file includes $name" if $name =~ /^(?:sqlite3|libpq-fe)\.h$/;
    push @problems, "$file includes $name out of another folder" if $name =~ m{\.\./};
    return @problems;
}

sub problems_of ($file) {
    my @problems;

    for my $line (lines($file)) {
        push @problems, problems_of_include($file, $1) if $line =~ /^\s*#\s*include\s*[<"]([^>"]+)[>"]/;
        push @problems, "$file holds SQL: $line" if $line =~ $SQL && room($file) ne 'store';
    }
    return @problems;
}

cmp_ok(scalar @sources, '>', 20, 'the sources are found');
ok(exists $LEVEL{ room($_) }, "$_ lies in a known room") for @sources;
my @problems = map { problems_of($_) } @sources;
is(join("\n", @problems), '', 'dependencies point downwards only');

# The guard itself notices.
is(scalar problems_of_include('src/text/x.c', 'odoo/call.h'),  1, 'text may not know odoo');
is(scalar problems_of_include('src/odoo/x.c', 'trail/event.h'), 1, 'odoo may not know trail');
is(scalar problems_of_include('src/odoo/x.c', 'httpd.h'),      1, 'odoo may not know httpd');
is(scalar problems_of_include('src/keeper/x.c', 'apr_dbd.h'),  1, 'keeper may not know apr_dbd');
is(scalar problems_of_include('src/httpd/x.c', 'odoo/call.h'), 0, 'httpd may know odoo');

done_testing;
