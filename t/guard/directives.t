# The code, the commented configuration and the reference name the same directives.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Tree;

sub names ($pattern, @files) {
    my %names;

    for my $text (map { content($_) } @files) {
        $names{$1} = 1 while $text =~ /$pattern/g;
    }
    return [ sort keys %names ];
}

my $in_code = names(qr/AP_INIT_\w+\(\s*"(\w+)"/, files(qr/\.c$/, 'src/httpd'));

cmp_ok(scalar @$in_code, '>', 10, 'the command table is found');
is_deeply(names(qr/^#?\s?(UserAudit\w*) \S/m, 'conf/user_audit.conf'), $in_code, 'conf/user_audit.conf documents each');
is_deeply(names(qr/^\| `(UserAudit\w*)/m, 'docs/directives.md'), $in_code, 'docs/directives.md lists each');

done_testing;
