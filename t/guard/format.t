# One formatter for all C.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Tree;

my ($formatter) = grep { -x } map { ("$_/clang-format-14", "$_/clang-format") } split /:/, $ENV{PATH};

plan skip_all => 'clang-format is not installed' if !$formatter;
chdir top();
for my $file (files(qr/\.[ch]$/, qw(src include mod_user_audit.c t/unit t/fuzz bench))) {
    my $words = `$formatter --dry-run -Werror $file 2>&1`;
    ok($? == 0, "$file is formatted") or diag((split /\n/, $words)[0]);
}

done_testing;
