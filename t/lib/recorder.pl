# A backend that answers everything with an empty page and prints each request's head, so that a
# test sees what really goes upstream.

use v5.36;
use IO::Socket::IP;

my $listener = IO::Socket::IP->new(LocalHost => '127.0.0.1', LocalPort => 0, Listen => 64) or die $@;

$| = 1;
$SIG{PIPE} = 'IGNORE';
say 'listening on http://127.0.0.1:', $listener->sockport;
while (my $client = $listener->accept) {
    local $/ = "\r\n\r\n";
    print scalar <$client> // '';
    print $client "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
}
