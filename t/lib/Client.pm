package Client;

# A small HTTP client that can be as clumsy as real ones: bodies in pieces, chunked or slow, raw
# bytes, a cookie jar, the websocket handshake.

use v5.36;
use Carp qw(croak);
use Cpanel::JSON::XS ();
use IO::Select;
use IO::Socket::IP;
use JSON::PP ();
use MIME::Base64 qw(encode_base64);
use Process ();
use Time::HiRes qw(sleep time);

my $JSON = JSON::PP->new->utf8->canonical->allow_nonref;
my $READER = Cpanel::JSON::XS->new->utf8->allow_nonref;    # trails are long
my $TIMEOUT = $Process::PATIENCE;

sub encode_json ($value) { return $JSON->encode($value) }
sub decode_json ($text)  { return $READER->decode($text) }

# %options: port; agent => User-Agent; cookies => {name => value}
sub new ($class, %options) {
    return bless { agent => 'test-client', cookies => {}, next_id => 1, %options }, $class;
}

sub cookie ($self, $name, @value) {
    $self->{cookies}{$name} = $value[0] if @value;
    return $self->{cookies}{$name};
}

sub session_id ($self, @value) { return $self->cookie('session_id', @value) }

sub forget_cookies ($self) {
    $self->{cookies} = {};
    return $self;
}

sub connect ($self) {
    my $socket = IO::Socket::IP->new(
        PeerHost => $self->{host} // '127.0.0.1',
        PeerPort => $self->{port},
        Timeout  => $TIMEOUT
    ) or croak "cannot connect to port $self->{port}: $@";
    $socket->autoflush(1);
    return $socket;
}

# %options: headers => [name => value, ...] (a name may repeat), body => bytes,
#   pieces => [bytes, ...] sent one by one (instead of body), chunked => 1, delay => seconds between
#   pieces, trailers => lines behind the last chunk, cookies => 0 (send none), host => Host header
sub request ($self, $method, $path, %options) {
    my $socket = $self->connect;

    $self->send_request($socket, $method, $path, %options);
    return $self->read_response($socket, $method);
}

sub send_request ($self, $socket, $method, $path, %options) {
    local $SIG{PIPE} = 'IGNORE';
    my @pieces = @{ $options{pieces} // (defined $options{body} ? [ $options{body} ] : []) };

    print $socket $self->_head($method, $path, \@pieces, %options);
    for my $piece (@pieces) {
        sleep $options{delay} if $options{delay};
        next unless length $piece;
        print $socket $options{chunked} ? sprintf("%x\r\n%s\r\n", length $piece, $piece) : $piece;
    }
    print $socket "0\r\n", ($options{trailers} // ''), "\r\n" if $options{chunked};
    return $socket;
}

sub _head ($self, $method, $path, $pieces, %options) {
    my @headers = @{ $options{headers} // [] };
    my %given = map { lc $headers[ 2 * $_ ] => 1 } 0 .. @headers / 2 - 1;
    my $host = $options{host} // "127.0.0.1:$self->{port}";

    unshift @headers, 'User-Agent' => $self->{agent} unless $given{'user-agent'};
    push @headers, 'Connection' => 'close' unless $given{connection};
    push @headers, 'Cookie' => $self->cookie_header
        if %{ $self->{cookies} } && !$given{cookie} && ($options{cookies} // 1);
    if ($options{chunked}) {
        push @headers, 'Transfer-Encoding' => 'chunked';
    } elsif (@$pieces && !$given{'content-length'}) {
        push @headers, 'Content-Length' => length join '', @$pieces;
    }
    my $text = "$method $path HTTP/1.1\r\nHost: $host\r\n";
    while (my ($name, $value) = splice @headers, 0, 2) {
        $text .= "$name: $value\r\n";
    }
    return "$text\r\n";
}

sub cookie_header ($self) {
    my $jar = $self->{cookies};
    return join '; ', map { "$_=$jar->{$_}" } sort keys %$jar;
}

# Sends the bytes as they are and reads one answer; undef if none came.
sub raw ($self, $bytes) {
    my $socket = $self->connect;

    print $socket $bytes;
    return $self->read_response($socket, 'GET');
}

# A response is {status, headers => {lower-case name => [value, ...]}, body, complete}.
# undef if the connection ended before a status line.
sub read_response ($self, $socket, $method) {
    my $reader = { socket => $socket, buffer => '', end => time + $TIMEOUT };
    my $response;

    do {
        my $head = _read_until($reader, "\r\n\r\n") // return;
        $response = _parse_head($head);
    } while ($response->{status} =~ /^1/ && $response->{status} != 101);
    $self->_keep_cookies($response);
    _read_body($reader, $response) unless $method eq 'HEAD' || $response->{status} =~ /^(?:101|204|304)$/;
    $response->{rest} = $reader->{buffer};
    return $response;
}

sub _fill ($reader) {
    my $left = $reader->{end} - time;

    return 0 if $left <= 0 || !IO::Select->new($reader->{socket})->can_read($left);
    return sysread($reader->{socket}, $reader->{buffer}, 65536, length $reader->{buffer}) || 0;
}

sub _read_until ($reader, $mark) {
    my $at;

    while (($at = index $reader->{buffer}, $mark) < 0) {
        _fill($reader) or return;
    }
    return substr $reader->{buffer}, 0, $at + length $mark, '';
}

# As many bytes as there are, at most that many.
sub _read_bytes ($reader, $count) {
    while (length $reader->{buffer} < $count) {
        _fill($reader) or last;
    }
    return substr $reader->{buffer}, 0, $count, '';
}

sub _parse_head ($head) {
    my ($status_line, @lines) = split /\r\n/, $head;
    my ($status) = $status_line =~ m{^HTTP/1\.[01] (\d{3})} or croak "no status: $status_line";
    my %headers;

    for (@lines) {
        my ($name, $value) = /^([^:]+):\s*(.*?)\s*$/ or next;
        push @{ $headers{ lc $name } }, $value;
    }
    return { status => $status, headers => \%headers, body => '', complete => 1 };
}

sub _read_body ($reader, $response) {
    if (grep { /chunked/i } @{ $response->{headers}{'transfer-encoding'} // [] }) {
        return _read_chunks($reader, $response);
    }
    my $length = $response->{headers}{'content-length'}[0];
    if (defined $length) {
        $response->{body} = _read_bytes($reader, $length);
        $response->{complete} = length $response->{body} == $length;
        return;
    }
    1 while _fill($reader);
    $response->{body} = delete $reader->{buffer};
    $reader->{buffer} = '';
}

sub _read_chunks ($reader, $response) {
    while (defined(my $line = _read_until($reader, "\r\n"))) {
        my $size = hex(($line =~ /^([0-9a-fA-F]+)/)[0] // 0);
        my $chunk = _read_bytes($reader, $size);

        $response->{body} .= $chunk;
        last if length $chunk < $size;
        _read_until($reader, "\r\n") // last;
        return if $size == 0;
    }
    $response->{complete} = 0;
}

sub _keep_cookies ($self, $response) {
    for my $line (@{ $response->{headers}{'set-cookie'} // [] }) {
        my ($name, $value, $rest) = $line =~ /^([^=;]+)=([^;]*)(.*)/ or next;
        if ($value eq '' || $rest =~ /;\s*max-age=0/i) {
            delete $self->{cookies}{$name};
        } else {
            $self->{cookies}{$name} = $value;
        }
    }
}

sub header ($response, $name) { return ($response->{headers}{ lc $name } // [])->[0] }

sub get ($self, $path, @headers) { return $self->request('GET', $path, headers => \@headers) }

sub post_json ($self, $path, $value, %options) {
    my @headers = ('Content-Type' => 'application/json', @{ delete $options{headers} // [] });
    return $self->request('POST', $path, body => encode_json($value), headers => \@headers, %options);
}

sub post_form ($self, $path, $fields, %options) {
    my @headers = ('Content-Type' => 'application/x-www-form-urlencoded', @{ delete $options{headers} // [] });
    my $body = join '&', map { escape($_) . '=' . escape($fields->{$_}) } sort keys %$fields;
    return $self->request('POST', $path, body => $body, headers => \@headers, %options);
}

sub escape ($text) { return $text =~ s/([^A-Za-z0-9_.~-])/sprintf '%%%02X', ord $1/egr }

sub envelope ($self, $params) {
    return { jsonrpc => '2.0', method => 'call', id => $self->{next_id}++, params => $params };
}

# The JSON-RPC answer as a hash, with the response itself as http; {http} alone if it is no JSON.
sub rpc ($self, $path, $params, %options) {
    my $response = $self->post_json($path, $self->envelope($params), %options);
    my $answer = eval { decode_json($response->{body}) };

    return { ref $answer eq 'HASH' ? %$answer : (), http => $response };
}

sub call_kw ($self, $model, $method, $args = [], $kwargs = {}, %options) {
    my $params = { model => $model, method => $method, args => $args, kwargs => $kwargs };
    return $self->rpc("/web/dataset/call_kw/$model/$method", $params, %options);
}

sub authenticate ($self, $login, $password, $database = 'odoo') {
    my $params = { db => $database, login => $login, password => $password };
    return $self->rpc('/web/session/authenticate', $params);
}

# As a browser logs in: fetches the form, sends it, follows to the first page.
sub login ($self, $login, $password) {
    my $form = $self->get('/web/login');
    my ($token) = $form->{body} =~ /name="csrf_token"\s+value="([^"]+)"/ or croak 'no login form';
    my $fields = { csrf_token => $token, login => $login, password => $password };
    my $answer = $self->post_form('/web/login', $fields);
    my $target = header($answer, 'Location') // return $answer;

    return $self->get($target =~ s{^https?://[^/]+}{}r);
}

# (socket, response) of a websocket handshake; the socket is open if the status is 101.
sub websocket ($self, $path = '/websocket', @headers) {
    my $socket = $self->connect;

    $self->send_request($socket, 'GET', $path, headers => [
        Connection              => 'Upgrade',
        Upgrade                 => 'websocket',
        Origin                  => "http://127.0.0.1:$self->{port}",
        'Sec-WebSocket-Version' => 13,
        'Sec-WebSocket-Key'     => encode_base64(pack('N4', map { rand 2**32 } 1 .. 4), ''),
        @headers
    ]);
    return ($socket, $self->read_response($socket, 'GET'));
}

# 1 if the other side ends the connection within the time.
sub is_closed ($socket, $seconds = $TIMEOUT) {
    my $end = time + $seconds;

    while ((my $left = $end - time) > 0) {
        next unless IO::Select->new($socket)->can_read($left);
        return 1 unless sysread $socket, my $bytes, 65536;
    }
    return 0;
}

1;
