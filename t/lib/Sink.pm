package Sink;

# What alerts are sent to: a real SMTP server, and a receiver of webhooks.
#
#   my $mail = Sink->mail(tls => 'starttls', auth => 'user:secret');
#   $mail->mode('450');
#   my ($parsed) = $mail->wait_for(1);    # as Python's email package reads them

use v5.36;
use Carp qw(croak);
use Client;
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use Process;

my $LIB = dirname(__FILE__);

# Debian's, where the first python3 of the path is another one.
sub _python ($module) {
    my ($found) = grep { system("$_ -c 'import $module' 2>/dev/null") == 0 } qw(python3 /usr/bin/python3);
    return $found // croak "Python has no $module: install python3-$module";
}

# %options: tls => 'starttls' or 'smtps'; auth => 'user:password'
sub mail ($class, %options) {
    my $folder = tempdir('sink-XXXXXX', TMPDIR => 1, CLEANUP => 1);
    my $self = bless { folder => $folder }, $class;
    my @arguments;

    chmod 0755, $folder;
    if ($options{tls}) {
        $self->_make_certificate;
        push @arguments, "--$options{tls}", '--certificate', "$folder/certificate.pem", '--key', "$folder/key.pem";
    }
    push @arguments, '--auth', $options{auth} if $options{auth};
    $self->{scheme} = ($options{tls} // '') eq 'smtps' ? 'smtps' : 'smtp';
    return $self->_start(_python('aiosmtpd'), "$LIB/mail_sink.py", $folder, @arguments);
}

sub webhook ($class, $secret) {
    my $folder = tempdir('sink-XXXXXX', TMPDIR => 1, CLEANUP => 1);
    my $self = bless { folder => $folder, scheme => 'http' }, $class;

    return $self->_start('python3', "$LIB/hook_sink.py", $folder, $secret);
}

sub _make_certificate ($self) {
    my $folder = $self->{folder};

    my @command = (qw(openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext),
        'subjectAltName=IP:127.0.0.1', '-keyout', "$folder/key.pem", '-out', "$folder/certificate.pem");

    Process->start(command => \@command)->wait_gone or croak 'openssl hangs';
    -s "$folder/certificate.pem" or croak 'openssl makes no certificate';
    chmod 0644, "$folder/certificate.pem";
}

sub _start ($self, @command) {
    my $output = "$self->{folder}/output";

    $self->{process} = Process->start(command => \@command, output => $output);
    $self->{port} = Process::wait_until(sub {
        croak 'it ended: ' . _content($output) unless $self->{process}->is_running;
        return (_content($output) =~ m{listening on \w+://127\.0\.0\.1:(\d+)})[0];
    }) or croak "@command did not start";
    return $self;
}

sub _content ($path) {
    open my $file, '<', $path or return '';
    local $/;
    return <$file> // '';
}

sub url         ($self) { return "$self->{scheme}://127.0.0.1:$self->{port}" }
sub certificate ($self) { return "$self->{folder}/certificate.pem" }
sub stop        ($self) { return $self->{process}->stop }

# What it does with the next message.
sub mode ($self, $mode) {
    open my $file, '>', "$self->{folder}/mode.new" or croak "$self->{folder}: $!";
    print {$file} $mode;
    close $file or croak "$self->{folder}: $!";
    rename "$self->{folder}/mode.new", "$self->{folder}/mode";
    return $self;
}

sub tries ($self) {
    my @tries = split /\n/, _content("$self->{folder}/tries");
    return @tries;
}

sub files ($self, $pattern) {
    my @files = grep { -e } sort glob "$self->{folder}/$pattern";
    return @files;
}

# All mails, once there are so many.
sub wait_for ($self, $count, $seconds = $Process::PATIENCE) {
    Process::wait_until(sub { $self->files('*.eml') >= $count }, $seconds);
    return map { _parse($_) } $self->files('*.eml');
}

sub _parse ($path) {
    open my $pipe, '-|', 'python3', "$LIB/mail_parse.py", $path or croak "python3: $!";
    my $text = do { local $/; <$pipe> };
    close $pipe or croak "$path is no mail";
    return { %{ Client::decode_json($text) }, raw => _content($path) };
}

# The bodies of webhooks, once there are so many.
sub wait_for_posts ($self, $count, $seconds = $Process::PATIENCE) {
    Process::wait_until(sub { $self->files('*.json') >= $count }, $seconds);
    return map { Client::decode_json(_content($_)) } $self->files('*.json');
}

1;
