#!/usr/bin/perl
# A body goes to Odoo as it comes, not by way of a file, and its last byte not before the intent
# stands in the journal.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/lib";
use Client qw();
use Digest::SHA qw(sha256_hex);
use Httpd;
use IO::Socket::IP;
use Test::More;

my $PATIENCE = 120;
my $LARGE = 400_000;
my $NAME = 'x_a_name_to_be_found';

sub call ($size) {
    return Client::encode_json({ jsonrpc => '2.0', id => 1, method => 'call', params => {
            model => 'res.partner', method => 'write', args => [ [7], { $NAME => 'x' x $size } ], kwargs => {} } });
}

# What the backend was sent: until there is so much of a body behind the head.
sub read_body ($connection, $received, $length) {
    while ((index($received, "\r\n\r\n") < 0 || length($received) < index($received, "\r\n\r\n") + 4 + $length)
        && sysread $connection, my $piece, 65536)
    {
        $received .= $piece;
    }
    return $received;
}

sub journal ($httpd) {
    local ($/, @ARGV) = (undef, glob $httpd->state_dir . '/journal/*.segment');
    return join '', <>;
}

sub body_of ($received) { return $received =~ s/^.*?\r\n\r\n//sr }

my $port = Httpd::free_port();
my $backend = IO::Socket::IP->new(LocalHost => '127.0.0.1', LocalPort => $port, Listen => 5, ReuseAddr => 1)
    or die "no backend: $@";
my $httpd = Httpd->new(upstream => "http://127.0.0.1:$port")->start;

alarm $PATIENCE;
for my $size (0, $LARGE) {
    my $client = Client->new(port => $httpd->port);
    my $socket = $client->connect;
    my $body = call($size);
    my $written = () = journal($httpd) =~ /$NAME/g;

    print $socket "POST /web/dataset/call_kw/res.partner/write HTTP/1.1\r\nHost: localhost\r\n"
        . "Content-Type: application/json\r\nContent-Length: " . length($body) . "\r\n\r\n" . substr $body, 0, -1;
    my ($connection, $received) = (undef, '');
    if ($size) {
        $connection = $backend->accept;
        $received = read_body($connection, '', $LARGE / 2);
        is scalar(() = journal($httpd) =~ /$NAME/g), $written, "$size: Odoo has much of the body, and no intent stands";
    }
    print $socket substr $body, -1;
    $connection //= $backend->accept;
    $received = read_body($connection, $received, length $body);
    cmp_ok scalar(() = journal($httpd) =~ /$NAME/g), '>', $written, "$size: Odoo has the whole body, and the intent stands";
    is body_of($received), $body, "$size: the body is as it was sent";
    like journal($httpd), qr/"\$length":$size,"\$sha256":"@{[ sha256_hex('x' x $size) ]}"/,
        "$size: and was read whole" if $size;
    like $received, qr/^Content-Length: @{[ length $body ]}\r$/m, "$size: with its length";
    unlike $received, qr/^Transfer-Encoding/mi, "$size: in one piece";
    my $answer = '{"jsonrpc":"2.0","id":1,"result":true}';
    print $connection "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
        . length($answer) . "\r\nConnection: close\r\n\r\n$answer";
    close $connection;
    is $client->read_response($socket, 'POST')->{status}, 200, "$size: and the answer comes back";
}
alarm 0;
finish();
