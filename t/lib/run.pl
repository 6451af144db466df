# What prove runs each test with: a program or script of t/unit, or a *.t file. Whatever it says is kept below
# BUILD_DIR/log, and told as a whole when it fails. One that has not ended after TEST_SECONDS (900) is ended.
#
# BUILD_DIR/variant/NAME/*.t are links to t/*.t, which run in another way:
#   pgsql        on PostgreSQL
#   sanitizers   with what was built in BUILD_DIR/sanitizers
#   valgrind     with httpd under valgrind's memcheck, of whose findings none is allowed
#
# cmocka 1.1 writes "not ok" before the SKIP directive, which prove takes for a failure.

use v5.36;
use Cwd qw(abs_path);
use File::Basename qw(basename dirname);
use File::Path qw(make_path);
use IO::Select;

my ($test) = @ARGV;
my $build = $ENV{BUILD_DIR} // die "BUILD_DIR is not set\n";
my ($variant) = $test =~ m{\Q$build\E/(?:variant/)?(pgsql|sanitizers|valgrind)/};
my $log = "$build/log/" . join '-', $variant // (), basename($test);
my $seconds = $ENV{TEST_SECONDS} // 900;

sub environment {
    return if !$variant;
    return (DATABASE => 'pgsql') if $variant eq 'pgsql';
    return (HTTPD_UNDER => "valgrind -q --num-callers=30 --log-file=$log.%p") if $variant eq 'valgrind';
    # httpd itself is not built that way, so it loads the sanitizers' library first.
    chomp(my $library = `gcc -print-file-name=libasan.so`);
    return (BUILD_DIR => "$build/sanitizers", HTTPD_PRELOAD => $library);
}

# (pid, its output, its errors)
sub start {
    my $path = abs_path($test) // die "$test: $!\n";

    pipe my $output, my $out or die "pipe: $!\n";
    pipe my $errors, my $err or die "pipe: $!\n";
    my $pid = fork // die "fork: $!\n";
    return ($pid, $output, $errors) if $pid;
    %ENV = (%ENV, environment());
    open STDOUT, '>&', $out;
    open STDERR, '>&', $err;
    chdir $ENV{BUILD_DIR} if $path =~ /\.sh$/;
    exec $path =~ /\.t$/ ? ($^X, $path) : $path =~ /\.sh$/ ? ('sh', $path) : ($path) or die "$path: $!\n";
}

# (how much came, the whole lines of it); at the end what is left.
sub lines ($from, $rest) {
    my $got = sysread $from, $$rest, 65536, length $$rest;
    my $end = $got ? 1 + rindex $$rest, "\n" : length $$rest;

    return ($got, substr $$rest, 0, $end, '');
}

# What valgrind has to say, of each process.
sub findings {
    local @ARGV = glob "$log.*";
    return @ARGV ? <> : ();
}

make_path(dirname($log));
unlink glob "$log.*";
open my $kept, '>', $log or die "$log: $!\n";
$kept->autoflush(1);
STDOUT->autoflush(1);

my ($pid, $output, $errors) = start();
my $streams = IO::Select->new($output, $errors);
my %rest = map { $_ => \(my $text = '') } $output, $errors;
my $late = 0;
$SIG{ALRM} = sub { $late = 1; kill TERM => $pid };
$SIG{$_} = sub { kill TERM => $pid } for qw(INT TERM HUP);
alarm $seconds;
while ($streams->count) {
    for my $stream ($streams->can_read) {
        my ($got, $text) = lines($stream, $rest{$stream});

        print {$kept} $text;
        print { $stream == $output ? *STDOUT : *STDERR } $text =~ s/^not ok (\d+ # SKIP)/ok $1/gmr;
        $streams->remove($stream) if defined $got && $got == 0;
    }
}
alarm 0;
waitpid $pid, 0;
my $status = $?;
my @found = findings();
print {$kept} @found;
close $kept;
$status ||= 256 if @found;
exit 0 if $status == 0 && !$late;

open my $all, '<', $log or die "$log: $!\n";
print STDERR "\n==== $test failed", $late ? ", for it had not ended after $seconds s" : '', ", and said:\n", <$all>,
    "==== end of $test\n";
exit($status & 127 || !$status ? 255 : $status >> 8);
