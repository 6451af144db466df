# The session that Odoo uses is the session we look at: nobody brings an ended one past the gate in a
# spelling that only Odoo understands.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/lib";
use Client;
use Httpd;
use IO::Socket::IP;
use Site;
use Standin;
use Test::More;

# Ways to say which session it is: [what, cookie header or undef, query, further headers].
sub spellings ($sid) {
    my $escaped = sprintf '\\%03o', ord $sid;
    my $percent = sprintf '%%%02X', ord $sid;
    my $rest = substr $sid, 1;

    return (
        [ 'plain',                        "session_id=$sid" ],
        [ 'among others',                 "a=1;session_id=$sid;b=2" ],
        [ 'blanks',                       " session_id\t= $sid " ],
        [ 'quoted',                       qq{session_id="$sid"} ],
        [ 'octal escape',                 qq{session_id="$escaped$rest"} ],
        [ 'twice',                        "session_id=$sid; session_id=0" ],
        [ 'after a quoted one',           qq{x="y; session_id=0"; session_id=$sid} ],
        [ 'no-break space',               "session_id=\xa0$sid" ],
        [ 'query',                        undef, "session_id=$sid" ],
        [ 'query, other name first',      undef, "a=1&session_id=$sid" ],
        [ 'query, escaped name',          undef, "session%5Fid=$sid" ],
        [ 'query, escaped value',         undef, "session_id=$percent$rest" ],
        [ 'header',                       undef, '', 'X-Openerp-Session-Id' => $sid ],
        [ 'header in lower case',         undef, '', 'x-openerp-session-id' => $sid ],
        [ 'header with underscores',      undef, '', 'X_Openerp_Session_Id' => $sid ],
        [ 'header with both',             undef, '', 'X-Openerp_Session-Id' => $sid ],
        [ 'header besides a good cookie', 'session_id=' . 'e' x 40, '', 'X-Openerp-Session-Id' => $sid ],
    );
}

sub try_write ($client, $spelling) {
    my ($what, $cookie, $query, @headers) = @$spelling;

    push @headers, Cookie => $cookie if defined $cookie;
    my $params = { model => 'res.partner', method => 'write', args => [ [14], { city => $what } ], kwargs => {} };
    return $client->rpc('/web/dataset/call_kw' . ($query ? "?$query" : ''), $params, headers => \@headers);
}

for my $version (16, 17) {
    my $site = Site->start(version => $version, arguments => ['--old-carriers']);
    my ($admin, $demo) = map { $site->login($_) } qw(admin demo);
    my $sid = $demo->session_id;
    my ($known) = $site->trail->wait_for(1, operation => 'session_identified', login => 'demo');
    my $token = Client::decode_json($admin->get('/audit-admin/sessions?format=json')->{body})->{csrf_token};

    $admin->post_json("/audit-admin/sessions/$known->{session}/revoke", { csrf_token => $token });
    $site->odoo->forget;
    for my $spelling (spellings($sid)) {
        my $answer = try_write($site->client, $spelling);
        is($answer->{result}, undef, "$version: ended session refused: $spelling->[0]");
    }
    is_deeply([ grep { ($_->{login} // '') eq 'demo' } $site->odoo->operations ], [],
        "$version: Odoo executed nothing for it");
    $site->odoo->stop;
}

# Where the other carriers are kept, each is looked at as the cookie is: its idle time to the second,
# and none of it on the way to a new login.
{
    my $recorder = Standin->record;
    my $site = Site->start(odoo => $recorder, vhost => "UserAuditSessionCarriers all\n");

    $site->client->get('/web/webclient/1?session_id=&x=1', Cookie => 'session_id=' . 'a' x 40);
    like($recorder->output, qr{^GET /web/webclient/1\?session_id=&x=1 }m, 'a carrier is kept where that is wanted');
}
{
    my $site = Site->start(version => 16, arguments => ['--old-carriers'],
        vhost => "UserAuditSessionCarriers all\nUserAuditIdleTimeout 10s\n", server => "UserAuditCleanupInterval 1h\n");
    my @idle = map { $_->session_id } map { $site->login('demo') } 1 .. 3;

    is(try_write($site->client, [ 'x', undef, "session_id=$idle[1]" ])->{result}, 1, 'all: a session in the query serves');
    is(try_write($site->client, [ 'x', undef, '', 'X-Openerp-Session-Id' => $idle[2] ])->{result}, 1, 'all: or in the header');
    my @known = $site->trail->wait_for(3, operation => 'session_identified', login => 'demo');
    sleep 11;
    my $fresh = $site->login('admin')->session_id;
    $site->odoo->forget;
    for ([ 'the cookie, beside a good query', "session_id=$idle[0]", "session_id=$fresh" ],
        [ 'the query, beside a good cookie',  "session_id=$fresh", "session_id=$idle[1]" ],
        [ 'the header, behind an empty query', "session_id=$fresh", 'session_id=', 'X-Openerp-Session-Id' => $idle[2] ]) {
        is(try_write($site->client, $_)->{http}{status}, 401, "all: an idle session in $_->[0]");
    }
    is_deeply([ $site->odoo->operations ], [], 'all: Odoo does nothing for them');
    my @refused = $site->trail->wait_for(3, operation => 'session_refused');
    is_deeply([ sort map { $_->{session} } @refused ], [ sort map { $_->{session} } @known ], 'all: of which it is told');
    like($site->client->get(@$_)->{body}, qr/name="password"/, 'all: a login is shown as to anybody')
        for [ '/web/login', Cookie => "session_id=$idle[0]" ], ["/web/login?session_id=$idle[1]"],
        [ '/web/login', 'X-Openerp-Session-Id' => $idle[2] ];
}

# What goes upstream is what we looked at, however werkzeug 2 and 3 differ.
{
    my $recorder = Standin->record;
    my $site = Site->start(odoo => $recorder);
    my $number = 0;

    for ([ '=session_id=abc', 'session_id=; =session_id=abc' ],
        [ 'session_id="a\142c"',          'session_id=abc; session_id="a\142c"' ],
        [ "session_id=\xa0abc",           "session_id=abc; session_id=\xa0abc" ],
        [ 'a=1; session_id=abc; b="c;d"', 'session_id=abc; a=1; session_id=abc; b="c;d"' ],
        [ 'a=1; session_id=abc; b=2',     'a=1; session_id=abc; b=2' ],
        [ 'a=1; b="c"',                   'a=1; b="c"' ]) {
        my ($sent, $expected) = @$_;
        my $path = '/web/webclient/' . ++$number;

        $site->client->get($path, Cookie => $sent);
        my ($head) = $recorder->output =~ m{^(GET \Q$path\E .*?\r\n\r\n)}ms;
        is(($head =~ /^Cookie: (.*?)\r$/m)[0], $expected, "upstream of: $sent");
    }
    $site->client->get('/web/webclient/9', 'X_Openerp_Session_Id' => 'abc', 'X-Openerp-Session-ID' => 'abc');
    my ($head) = $recorder->output =~ m{^(GET /web/webclient/9 .*?\r\n\r\n)}ms;
    unlike($head, qr/openerp/i, 'no session in a header, however it is spelled');
}

# A backend that is asked by SCGI gets no more than one that is asked by HTTP.
{
    my $port = Httpd::free_port();
    my $backend = IO::Socket::IP->new(LocalHost => '127.0.0.1', LocalPort => $port, Listen => 1,
        ReuseAddr => 1) or die "no backend: $@";
    my $recorder = Standin->record;
    my $site = Site->start(odoo => $recorder, modules => ['proxy_scgi'],
        server => "ProxyPass /web/scgi scgi://127.0.0.1:$port/web\n",
        allow  => [qr{only backends that are asked by HTTP are audited}]);
    my $socket = $site->client->connect;

    $site->client->send_request($socket, 'GET', '/web/scgi/x?a=1&session_id=abc',
        headers => [ 'X-Openerp-Session-Id' => 'abc', Cookie => 'a=1; b="c"; session_id=def' ]);
    my $connection = $backend->accept;
    my ($length) = do { local $/ = ':'; <$connection> =~ /^(\d+):/ };
    read $connection, my $head, $length + 1;
    print $connection "Status: 200 OK\r\nContent-Length: 0\r\n\r\n";
    close $connection;
    my %sent = split /\0/, substr $head, 0, -1;
    is $sent{QUERY_STRING}, 'a=1', 'SCGI: no session in the query';
    is_deeply [ grep { /openerp/i } keys %sent ], [], 'SCGI: no session in a header';
    is $sent{HTTP_COOKIE}, 'session_id=def; a=1; b="c"; session_id=def',
        'SCGI: the cookie as every werkzeug reads it';
    is $site->client->read_response($socket, 'GET')->{status}, 200, 'SCGI: and its answer comes back';
    like $site->httpd->error_log, qr{:\d+: only backends that are asked by HTTP are audited},
        'SCGI: which the start warns of, with the line';
}

finish();
