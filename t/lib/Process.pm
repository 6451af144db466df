package Process;

# Child processes of a test: started, waited for, ended by their own id, and gone when the test is.

use v5.36;
use Carp qw(croak);
use POSIX qw(WNOHANG);
use Time::HiRes qw(sleep time);

# How long a test waits for what must come. No promise of the module's: a machine with other work may be
# slow, and only what never comes is a failure.
our $PATIENCE = 120;

my %running;    # pid => Process

# %options: command => [program, argument...], output => file for both outputs,
# environment => {name => value}
sub start ($class, %options) {
    my $pid = fork // croak "fork: $!";
    _become(%options) if $pid == 0;
    return $running{$pid} = bless { pid => $pid, name => $options{command}[0], owner => $$ }, $class;
}

sub _become (%options) {
    my $output = $options{output} // '/dev/null';

    POSIX::setpgid(0, 0);    # httpd signals its whole process group
    open STDIN, '<', '/dev/null';
    open STDOUT, '>>', $output or POSIX::_exit(126);
    open STDERR, '>&', \*STDOUT;
    local @ENV{ keys %{ $options{environment} // {} } } = values %{ $options{environment} // {} };
    exec { $options{command}[0] } @{ $options{command} } or POSIX::_exit(127);
}

sub pid ($self) { return $self->{pid} }

# The exit status once it is gone, undef while it runs.
sub status ($self) {
    return $self->{status} if defined $self->{status};
    if (waitpid($self->{pid}, WNOHANG) == $self->{pid}) {
        $self->{status} = $?;
        delete $running{ $self->{pid} };
    }
    return $self->{status};
}

sub is_running ($self) { return !defined $self->status }

sub signal ($self, $name) {
    kill $name, $self->{pid} if $self->is_running;
    return $self;
}

# 1 if it was gone within the time.
sub wait_gone ($self, $seconds = $PATIENCE) {
    return _until(sub { !$self->is_running }, $seconds);
}

# Asks politely first. 1 if that was enough.
sub stop ($self, $seconds = $PATIENCE) {
    $self->signal('TERM');
    return 1 if $self->wait_gone($seconds);
    $self->signal('KILL')->wait_gone;
    return 0;
}

sub _until ($condition, $seconds) {
    my ($end, $pause) = (time + $seconds, 0.01);

    until ($condition->()) {
        return 0 if time > $end;
        sleep $pause;
        $pause *= 1.3 if $pause < 0.2;
    }
    return 1;
}

# Waits until the code answers true and returns that answer; undef after the time.
sub wait_until ($condition, $seconds = $PATIENCE) {
    my $answer;

    _until(sub { $answer = $condition->() }, $seconds);
    return $answer || undef;
}

sub _end_all {
    my @own = grep { $_->{owner} == $$ } values %running;

    $_->signal('TERM') for @own;
    $_->wait_gone(20) || $_->signal('KILL')->wait_gone(20) for @own;
}

$SIG{INT} = $SIG{TERM} = $SIG{HUP} = sub { exit 1 };

END {
    local $?;
    _end_all();
}

1;
