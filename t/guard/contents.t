# Each source is built, each test is run, and nothing tells on which machine it was written.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Tree;

# The Makefiles' variables, all files' lines together: name => [words].
my %variable;

for my $text (map { content($_) =~ s/\\\n/ /gr } 'Makefile.am', files(qr/\.am$/, 'src', 't')) {
    push @{ $variable{$1} }, split ' ', $2 while $text =~ /^\s*(\w+) \+?=[ \t]*(.*)$/mg;
}

my %listed = map { $_ => 1 } map { @$_ } values %variable;
my %generated = map { $_ => 1 } map { @{ $variable{$_} } } grep { /^nodist_/ } keys %variable;
my %built = map { $_ => 1 } @{ $variable{check_PROGRAMS} };

ok($listed{$_}, "$_ is listed in a Makefile")
    for files(qr/\.[ch]$/, qw(src include t/unit)), files(qr{/fuzz_\w+\.c$}, 't/fuzz'), 'mod_user_audit.c';
ok(-e top() . "/$_" || $generated{$_}, "$_, which a Makefile lists, is there")
    for sort grep { /\.[ch]$/ && !/\$/ } keys %listed;
ok($built{$_} || -e top() . "/$_", "$_ is built to be run") for @{ $variable{TESTS} };

# Absolute paths that only one person's machine has, and the workplace beside the tree.
my $private = join '|', map { quotemeta } '/' . 'home/', '/' . 'root/', '/' . 'work/', '..' . '/shared';

for my $file (files(qr/\.(?:[chtaspy]|am|ac|pm|py|md|conf|load|sh|html|css|js)$|^[^.]*$/,
        qw(src include t/unit t/fuzz t/guard t/after t/lib conf docs bench script mod_user_audit.c README.md
        Makefile.am configure.ac), map { s{.*/(t/[^/]+)$}{$1}r } glob top() . '/t/*.t')) {
    next if $file =~ m{^t/fuzz/corpus/};
    my ($line) = grep { m{(?:^|[\s"'(=:])(?:$private)} } lines($file);
    is($line, undef, "$file names no private path");
}

done_testing;
