package Standin;

# What stands behind httpd: the Odoo stand-in, the server that replays recorded answers, or one that
# shows what reaches it. Each prints where it listens.

use v5.36;
use Carp qw(croak);
use Client;
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use Process;

my $LIB = dirname(__FILE__);

# %options: version => 16 to 19, arguments => [further arguments of odoo_standin.py]
sub start ($class, %options) {
    my $version = $options{version} // 17;

    return $class->_start('python3', "$LIB/odoo_standin.py", '--port', 0, '--version', $version,
        '--control', @{ $options{arguments} // [] });
}

# Answers what was recorded: replay.py's own arguments.
sub replay ($class, @arguments) {
    return $class->_start('python3', "$LIB/replay.py", '--port', 0, @arguments);
}

# Its output holds the head of every request.
sub record ($class) { return $class->_start($^X, "$LIB/recorder.pl") }

sub _start ($class, @command) {
    my $folder = tempdir('standin-XXXXXX', TMPDIR => 1, CLEANUP => 1);
    my $self = bless { output => "$folder/output" }, $class;

    $self->{process} = Process->start(
        command => \@command,
        output  => $self->{output}
    );
    $self->{port} = Process::wait_until(sub { $self->_announced_port })
        or croak "@command did not start: " . $self->output;
    return $self;
}

sub _announced_port ($self) {
    croak 'it ended: ' . $self->output unless $self->{process}->is_running;
    return ($self->output =~ m{listening on http://[^:/\s]+:(\d+)})[0];
}

sub output ($self) {
    open my $handle, '<', $self->{output} or return '';
    local $/;
    return <$handle> // '';
}

sub port   ($self) { return $self->{port} }
sub url    ($self) { return "http://127.0.0.1:$self->{port}" }
sub stop   ($self) { return $self->{process}->stop }
sub client ($self) { return Client->new(port => $self->{port}) }

# What it executed, in order: hashes with operation, model, method, ids, uid, login, ok.
sub operations ($self) {
    return @{ Client::decode_json($self->client->get('/_standin/log')->{body}) };
}

sub forget ($self) {
    $self->client->get('/_standin/clear');
    return $self;
}

# Ends sessions inside "Odoo": session_id => value or login => name.
sub expire ($self, %which) {
    my $query = join '&', map { "$_=" . Client::escape($which{$_}) } keys %which;
    return Client::decode_json($self->client->get("/_standin/expire?$query")->{body});
}

# Lets the time pass after which 19 renews ids: each session gets another with its next request.
sub age ($self) {
    $self->client->get('/_standin/age');
    return $self;
}

# Takes the rights of an administrator from somebody.
sub demote ($self, $login) {
    return Client::decode_json($self->client->get('/_standin/demote?login=' . Client::escape($login))->{body});
}

sub state ($self) { return Client::decode_json($self->client->get('/_standin/state')->{body}) }

1;
