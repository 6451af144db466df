# No file grows into the place where everything goes, no function past what one can read.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Tree;

my $FILE_LINES = 600;
my $FUNCTION_LINES = 100;

# (name, lines) of each function: a brace alone in the first column opens its body, another closes it.
sub functions ($file) {
    my ($header, $start, @functions) = ('', 0);
    my $number = 0;

    for my $line (lines($file)) {
        $number++;
        if ($line eq '{') {
            $start = $number;
        } elsif ($line eq '}' && $start) {
            push @functions, [ $header =~ /(\w+)\(/ ? $1 : $header, $number - $start + 1 ];
            $start = 0;
        } elsif ($line =~ /^\w.*\(/) {
            $header = $line;
        }
    }
    return @functions;
}

my @lengths;

for my $file (files(qr/\.[ch]$/, qw(src include mod_user_audit.c t/unit t/fuzz))) {
    my @lines = lines($file);

    cmp_ok(scalar @lines, '<=', $FILE_LINES, "$file has at most $FILE_LINES lines");
    for (functions($file)) {
        my ($name, $length) = @$_;
        push @lengths, $length;
        fail("$file: $name has $length lines") if $length > $FUNCTION_LINES;
    }
}

@lengths = sort { $a <=> $b } @lengths;
cmp_ok(scalar @lengths, '>', 100, 'functions are found');
cmp_ok($lengths[ @lengths / 2 ], '<', 20, 'half of the functions have fewer than 20 lines');

done_testing;
