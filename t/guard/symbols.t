# The module gives httpd its record and nothing else, so that it clashes with nobody.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Httpd ();
use Test::More;

my $module = Httpd::build_dir() . '/.libs/mod_user_audit.so';
my @symbols = map { (split)[-1] } split /\n/, `nm -D --defined-only $module`;

# A build with sanitizers has symbols of theirs besides.
is_deeply([ grep { !/^(?:__asan|__ubsan|__odr_asan|_+sanitizer)/ } @symbols ],
    ['user_audit_module'], 'only the module symbol leaves the module');
my $needed = `objdump -p $module`;
unlike($needed, qr/NEEDED\s+lib(?:sqlite3|pq)\./, 'no database library: apr_dbd loads its own');

done_testing;
