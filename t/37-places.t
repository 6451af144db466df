#!/usr/bin/perl
# The same gate on HTTP/2, over IPv6, behind another proxy, with one process, and beside a site that is not
# audited.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/lib";
use Client qw();
use Httpd;
use IO::Select;
use IO::Socket::IP;
use Process ();
use Sessions;
use Site;
use Standin;
use Test::More;
use Trail;

# (status, body) by HTTP/2 without TLS.
sub by_http2 ($site, $client, $path, @arguments) {
    open my $pipe, '-|', 'curl', '-s', '-S', '--http2-prior-knowledge', '-H', 'Cookie: session_id=' . $client->session_id,
        '-w', "\n%{http_code} %{http_version}", @arguments, $site->httpd->url($path) or die "curl: $!";
    my $text = do { local $/; <$pipe> };
    close $pipe;
    my ($body, $status) = $text =~ /\A(.*)\n(\d+ \d+)\z/s;
    return ($status, $body);
}

# ---- HTTP/2 ----
{
    my $site = Site->start(version => 18, modules => ['http2'], server => "Protocols h2c http/1.1\n");
    my ($admin, $demo) = map { $site->login($_) } qw(admin demo);
    my @json = ('-H', 'Content-Type: application/json', '-d',
        '{"params":{"model":"res.partner","method":"read","args":[[1],["name"]],"kwargs":{}}}');
    my $path = '/web/dataset/call_kw/res.partner/read';

    is((by_http2($site, $demo, $path, @json))[0], '200 2', 'a session is used over HTTP/2');
    end_session($admin, 'demo');
    my ($status, $body) = by_http2($site, $demo, $path, @json);
    is($status, '401 2', 'refused there');
    like($body, qr/SessionExpiredException/, 'with the answer that clients understand');
    open my $file, '>', $site->httpd->root . '/upload' or die;
    print $file 'x' x 300_000;
    close $file;
    is((by_http2($site, $demo, '/web/binary/upload_attachment', '-F', 'ufile=@' . $site->httpd->root . '/upload'))[0],
        '401 2', "an upload gets its answer, too") for 1 .. 5;
}

# ---- a websocket over HTTP/2 (RFC 8441) ----
sub frame ($kind, $flags, $stream, $payload = '') {
    return substr(pack('N', length $payload), 1) . pack('CCN', $kind, $flags, $stream) . $payload;
}

# A field of HPACK as it stands: never indexed, without Huffman's code.
sub field ($name, $value) { return pack('C C/a* C/a*', 0x10, $name, $value) }

# The next frame as (kind, flags, stream, payload); nothing when the connection is over or silent.
sub next_frame ($socket, $seconds) {
    my $buffer = '';

    my $take = sub ($length) {
        my $bytes = '';
        while (length $bytes < $length) {
            return unless IO::Select->new($socket)->can_read($seconds);
            sysread $socket, $bytes, $length - length $bytes, length $bytes or return;
        }
        return $bytes;
    };
    my $head = $take->(9) // return;
    my ($length, $kind, $flags, $stream) = (unpack('N', "\0" . substr $head, 0, 3), unpack 'x3 C C N', $head);
    my $payload = $length ? $take->($length) // return : '';
    return ($kind, $flags, $stream, $payload);
}

my $STATUS_200 = 0x88;    # of the static table
my ($DATA, $HEADERS, $RST_STREAM, $SETTINGS, $GOAWAY) = (0, 1, 3, 4, 7);

sub open_websocket ($site, $client) {
    my $socket = IO::Socket::IP->new(PeerHost => '127.0.0.1', PeerPort => $site->httpd->port) or die $@;

    syswrite $socket, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" . frame($SETTINGS, 0, 0) . frame($SETTINGS, 1, 0)
        . frame($HEADERS, 4, 1, join '', field(':method', 'CONNECT'), field(':protocol', 'websocket'),
        field(':scheme', 'http'), field(':path', '/websocket'), field(':authority', '127.0.0.1:' . $site->httpd->port),
        field('sec-websocket-version', '13'), field('origin', $site->httpd->url),
        field('cookie', 'session_id=' . $client->session_id));
    while (my ($kind, undef, $stream, $payload) = next_frame($socket, $Process::PATIENCE)) {
        return ($socket, unpack 'C', $payload) if $kind == $HEADERS && $stream == 1;
        return ($socket, 0) if $kind == $RST_STREAM || $kind == $GOAWAY;
    }
    return ($socket, 0);
}

# 1 once the stream or its connection is over.
sub is_cut ($socket, $seconds = $Process::PATIENCE) {
    while (my ($kind, $flags, $stream) = next_frame($socket, $seconds)) {
        return 1 if $kind == $RST_STREAM || $kind == $GOAWAY || ($kind == $DATA && $stream == 1 && $flags & 1);
    }
    return !IO::Select->new($socket)->can_read(0) ? 0 : 1;    # readable without a byte: closed
}

{
    my $site = Site->start(version => 18, modules => ['http2'], server => "Protocols h2c http/1.1\nH2WebSockets on\n");
    my ($admin, $demo) = map { $site->login($_) } qw(admin demo);
    my ($kept) = open_websocket($site, $admin);
    my ($socket, $status) = open_websocket($site, $demo);

    is($status, $STATUS_200, 'a websocket is open on a stream');
    end_session($admin, 'demo');
    ok(is_cut($socket), 'cut when its session is ended');
    isnt((open_websocket($site, $demo))[1], $STATUS_200, 'and not opened again');
    ok(!is_cut($kept, 1), 'nobody else is cut');
}

# ---- IPv6, and one process ----
for my $alone (0, 1) {
    my $how = $alone ? 'httpd -X' : 'httpd';
    my $odoo = Standin->start(version => 17);
    my $httpd = Httpd->new(upstream => $odoo->url, alone => $alone);

    $httpd->configure(server => 'Listen [::1]:' . $httpd->port . "\nUserAuditCleanupInterval 1s\n",
        vhost => "UserAuditIdleTimeout 8s\n")->start;
    my $trail = Trail->new(httpd => $httpd);
    my ($admin, $demo) = map { Client->new(port => $httpd->port, host => '::1') } 1, 2;

    $admin->login('admin', 'admin');
    $demo->login('demo', 'demo');
    my ($event) = $trail->wait_for(1, operation => 'login', login => 'demo');
    is($event->{ip}, '::1', "$how: an address of IPv6");
    status_of($admin);    # not idle yet
    is(end_session($admin, 'demo'), 200, "$how: ended");
    is(status_of($demo), 401, "$how: refused");
    ok($trail->wait_for(1, operation => 'session_expired', login => 'admin'), "$how: cleanup ends an idle one");
}

# ---- mod_remoteip, and a virtual host without the module ----
{
    my $odoo = Standin->start(version => 17);
    my $httpd = Httpd->new(upstream => $odoo->url, modules => ['remoteip']);
    my $bare = Httpd::free_port();

    $httpd->configure(server => "RemoteIPHeader X-Forwarded-For\nRemoteIPInternalProxy 127.0.0.1\nListen 127.0.0.1:$bare\n"
            . "<VirtualHost *:$bare>\nProxyPass / @{[ $odoo->url ]}/\n</VirtualHost>\n")->start;
    my $trail = Trail->new(httpd => $httpd);
    my ($admin, $demo) = map { Client->new(port => $httpd->port) } 1, 2;

    $admin->login('admin', 'admin');
    $demo->login('demo', 'demo');
    is(status_of($demo, 'X-Forwarded-For' => '192.0.2.33'), 200, 'behind a proxy');
    $demo->call_kw('res.partner', 'write', [ [3], { city => 'Riga' } ], {}, headers => [ 'X-Forwarded-For' => '192.0.2.33' ]);
    my ($event) = $trail->wait_for(1, operation => 'write', values => qr/Riga/);
    is($event->{ip}, '192.0.2.33', "the client's own address");
    is($event->{peer_ip}, '127.0.0.1', 'and the one that brought it') if $event->{peer_ip} ne '192.0.2.33';
    end_session($admin, 'demo');
    is(status_of($demo), 401, 'refused on the audited site');
    my $beside = Client->new(port => $bare, cookies => { %{ $demo->{cookies} } });
    is(status_of($beside), 200, 'another virtual host is none of ours');
}
finish();
