# Who is behind a request: browser, system, device and place of an event, and what is told of files
# that cannot be used.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/lib";
use Httpd ();
use Site;
use Test::More;
use Tree;

my $CHROME = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36';
my $PHONE = 'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36';

# A file where httpd's user can read it.
sub write_file ($site, $name, $content) {
    my $path = $site->httpd->root . "/$name";

    open my $file, '>', $path or die "$path: $!";
    print {$file} $content;
    close $file or die "$path: $!";
    return $path;
}

# What the trail says of a write by a client that calls itself so.
sub seen ($site, $agent) {
    my $client = $site->login('admin', agent => $agent);

    $client->call_kw('res.partner', 'write', [ [14], { city => 'Ghent' } ]);
    my ($event) = $site->trail->wait_for(1, operation => 'write', user_agent => $agent);
    return [ @$event{qw(browser os device country city)} ];
}

{
    my $site = Site->start(version => 17);
    my $rules = write_file($site, 'rules.yaml', content('t/unit/user_agent_rules.yaml'));

    $site->httpd->configure(server => "UserAuditUserAgents $rules\n")->restart;
    is_deeply(seen($site, $CHROME), [ 'Chrome 126', 'Windows 10/11', 'PC', 'private network', '' ],
        'a browser on Windows');
    is_deeply(seen($site, $PHONE), [ 'Chrome 126', 'Android 14', 'Pixel 8', 'private network', '' ], 'a phone');
    is_deeply(seen($site, 'Python-xmlrpc/3.11'),
        [ 'Python xmlrpc.client 3.11', '', 'Program', 'private network', '' ], 'a program');
    is_deeply(seen($site, '<script>alert(1)</script>'), [ '', '', '', 'private network', '' ], 'something else');
}

# Client hints: asked for on pages that go over TLS alone, and believed over what is frozen.
{
    my $site = Site->start(version => 18, modules => ['setenvif'],
        server => "UserAuditUserAgents @{[ top() ]}/t/unit/user_agent_rules.yaml\n",
        vhost => "SetEnvIf X-Forwarded-Proto https HTTPS=on\n");
    my @tls = ('X-Forwarded-Proto' => 'https');
    my @hints = (
        'Sec-CH-UA' => '"Not/A)Brand";v="8", "Chromium";v="126", "Microsoft Edge";v="126"',
        'Sec-CH-UA-Mobile' => '?0',
        'Sec-CH-UA-Platform' => '"Windows"',
        'Sec-CH-UA-Platform-Version' => '"15.0.0"'
    );
    my $asked = sub (@headers) {
        return Client::header($site->client->get('/web/login', @headers), 'Accept-CH') // '';
    };

    is($asked->(), '', 'no page asks over plain HTTP');
    like($asked->(@tls), qr/\bSec-CH-UA-Platform-Version\b/, 'one over TLS does');
    is(Client::header($site->client->post_json('/web/webclient/version_info', {}, headers => [@tls]),
            'Accept-CH'), undef, 'what is no page does not');
    my $client = $site->client(agent => $CHROME);
    my $form = $client->get('/web/login', @tls);
    my ($token) = $form->{body} =~ /name="csrf_token" value="([^"]+)"/;
    $client->post_form('/web/login', { login => 'admin', password => 'admin', csrf_token => $token },
        headers => [ @tls, @hints ]);
    my ($login) = $site->trail->wait_for(1, operation => 'login');
    is_deeply([ @$login{qw(browser os device)} ], [ 'Edge 126', 'Windows 11', 'PC' ], 'Windows 11, and Edge');


    $site->httpd->configure(vhost => "SetEnvIf X-Forwarded-Proto https HTTPS=on\nUserAuditClientHints Off\n")->restart;
    is($asked->(@tls), '', 'UserAuditClientHints Off asks for nothing');
}

# Files that can be opened but hold something else: the trail goes on without.
{
    my $site = Site->start(version => 17);
    my $rules = write_file($site, 'rules.yaml', "nothing of use\n");
    my $places = write_file($site, 'x.mmdb', "nothing of use\n");
    my @told = (qr/no browser, system and device: \Q$rules\E line 1: /,
        qr/places of addresses: \Q$places\E is no MaxMind DB/);

    $site->httpd->allow(@told)->configure(server => "UserAuditUserAgents $rules\nUserAuditGeoIP $places\n")->restart;
    is_deeply(seen($site, $CHROME), [ '', '', '', 'private network', '' ], 'no rules, no names');
    like($site->httpd->error_log, $_, 'and a line in the log') for @told;
}

# The address that httpd holds for the client has the place, not the peer's.
{
    my $site = Site->start(version => 17, modules => ['remoteip'],
        server => "RemoteIPHeader X-Forwarded-For\nRemoteIPInternalProxy 127.0.0.1\n");
    my $client = $site->login('admin');

    $client->call_kw('res.partner', 'write', [ [14], { city => 'Ghent' } ], {},
        headers => [ 'X-Forwarded-For' => '198.51.100.7' ]);
    my ($event) = $site->trail->wait_for(1, operation => 'write');
    is($event->{ip}, '198.51.100.7', 'the client');
    is($event->{peer_ip}, '127.0.0.1', 'and the peer are kept');
    is($event->{country}, '', 'and the place is the client\'s');
}

finish();
