# Every seed, and every input that once broke something, through its fuzz target.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/lib";
use Httpd ();
use Test::More;
use Tree;

my $build = Httpd::build_dir();
my @targets = map { m{/fuzz_(\w+)\.c$} ? $1 : () } files(qr{/fuzz_\w+\.c$}, 't/fuzz');

cmp_ok(scalar @targets, '>=', 3, 'there are fuzz targets');
for my $target (@targets) {
    my @seeds = map { top() . "/$_" } files(qr/./, "t/fuzz/corpus/$target");

    ok(@seeds > 0, "$target has seeds");
    is(system("$build/t/fuzz/fuzz_$target", @seeds) >> 8, 0, "$target takes them all");
}

done_testing;
