#!/usr/bin/perl
# Calls without a session: programs that bring a password or an API key belong to a session of their
# user or key, listed, ended and let in again as any other.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/lib";
use Sessions;
use Site;
use Test::More;

my $KEY = '5f1c0ffee0badc0de5f1c0ffee0badc0de5f1c0f';    # the stand-in's, of user 2

sub rpc ($client, $uid, $secret, $model = 'res.partner', $method = 'read', @args) {
    my $args = [ 'odoo', $uid, $secret, $model, $method, @args ? [@args] : [ [1], ['name'] ] ];

    return $client->rpc('/jsonrpc', { service => 'object', method => 'execute_kw', args => $args });
}

sub write_of ($site, $city) { return ($site->trail->wait_for(1, operation => 'write', values => qr/$city/))[0] }

sub row ($client, $reference) { return (grep { $_->{reference} eq $reference } @{ list($client)->{sessions} })[0] }

for my $version (16, 19) {
    my $site  = Site->start(version => $version, vhost => "UserAuditMaxUserSessions 1\n",
        allow => [ qr/AH0(?:1095|2608|1097)/ ]);
    my $admin = $site->login('admin');
    my $program = $site->client;
    my $demo = rpc($program, 0, '')->{error} && $site->client->rpc('/jsonrpc',
        { service => 'common', method => 'login', args => [ 'odoo', 'demo', 'demo' ] })->{result};

    my ($login) = $site->trail->wait_for(1, operation => 'login', login => 'demo');
    rpc($program, $demo, 'demo', 'res.partner', 'write', [3], { city => 'Bilbao' });
    rpc($program, 2, $KEY, 'res.partner', 'write', [3], { city => 'Porto' });
    rpc($program, 2, 'admin', 'res.partner', 'write', [3], { city => 'Faro' });
    rpc($program, 7, 'wrong');
    my %session = map { $_ => write_of($site, $_)->{session} } qw(Bilbao Porto Faro);
    is($session{Bilbao}, $login->{session}, "$version: login and calls of one user are one session");
    isnt($session{Porto}, $session{Faro}, "$version: a key is another one than its user's password");
    is(row($admin, $session{Bilbao})->{login}, 'demo', "$version: listed by the login that was used");
    is(row($admin, $session{Porto})->{uid}, 2, "$version: and the key by whose it is");
    is(scalar(grep { ($_->{uid} // 0) == 7 } @{ list($admin)->{sessions} }), 0, "$version: a wrong password makes none");
    is($admin->call_kw('res.partner', 'read', [ [1], ['name'] ])->{http}{status}, 200,
        "$version: none of them counts for UserAuditMaxUserSessions");

    # ---- ended ----
    is(post_page($admin, "/sessions/$session{Bilbao}/revoke", reason => 'retired')->{status}, 200, "$version: ended");
    $site->odoo->forget;
    my $answer = rpc($program, $demo, 'demo', 'res.partner', 'write', [3], { city => 'Gent' });
    is($answer->{http}{status}, 401, "$version: refused");
    is($answer->{error}{data}{name}, 'odoo.http.SessionExpiredException', "$version: in words that clients know");
    rpc($program, $demo, 'demo') for 1 .. 3;
    is_deeply([ $site->odoo->operations ], [], "$version: and Odoo does nothing");
    my @refused = $site->trail->wait_for(1, operation => 'session_refused');
    is(scalar @refused, 1, "$version: one event, however often it calls");
    is(rpc($program, 2, $KEY)->{http}{status}, 200, "$version: others go on");
    $site->httpd->stop;
    $site->httpd->start;
    is(rpc($program, $demo, 'demo')->{http}{status}, 401, "$version: it stays so over a full restart");

    # ---- and let in again ----
    my $visitor = $site->login('demo');
    is(post_page($visitor, "/sessions/$session{Bilbao}/lift")->{status}, 403, "$version: not by its own user");
    is(post_page($admin, "/sessions/$session{Bilbao}/lift", reason => 'came back')->{status}, 200, "$version: by a manager");
    is(rpc($program, $demo, 'demo')->{http}{status}, 200, "$version: it may call again");
    my ($lifted) = $site->trail->wait_for(1, operation => 'session_lifted');
    like($lifted->{values}, qr/came back/, "$version: with the reason");
    is(row($admin, $session{Bilbao})->{state}, 'open', "$version: listed as open");
    is(post_page($admin, "/sessions/$session{Bilbao}/lift")->{status}, 404, "$version: once");
    $site->httpd->stop;
    $site->httpd->start;
    is(rpc($program, $demo, 'demo')->{http}{status}, 200, "$version: over a full restart too");

    # ---- XML-RPC, the same user ----
    post_page($admin, "/sessions/$session{Bilbao}/revoke");
    my $xml = "<?xml version='1.0'?><methodCall><methodName>execute_kw</methodName><params>"
        . join('', map { "<param><value>$_</value></param>" } '<string>odoo</string>', "<int>$demo</int>",
            '<string>demo</string>', '<string>res.partner</string>', '<string>read</string>',
            '<array><data><value><array><data><value><int>1</int></value></data></array></value></data></array>')
        . '</params></methodCall>';
    $answer = $program->request('POST', '/xmlrpc/2/object', body => $xml, headers => [ 'Content-Type' => 'text/xml' ]);
    is($answer->{status}, 401, "$version: by XML-RPC too");

    # ---- the key ----
    if ($version == 19) {
        my @bearer = (Authorization => "bearer  $KEY");
        my $json2 = sub { $program->post_json('/json/2/res.partner/read', { ids => [1], fields => ['name'] },
                headers => \@bearer) };

        is($json2->()->{status}, 200, "$version: a bearer key serves");
        post_page($admin, "/sessions/$session{Porto}/revoke");
        is($json2->()->{status}, 401, "$version: its end holds for every way the key is brought");
        is(rpc($program, 2, $KEY)->{http}{status}, 401, "$version: be it as a password");
        is(rpc($program, 2, 'admin')->{http}{status}, 200, "$version: but not for the user's password");
        is($program->get('/json/1/contacts/1', @bearer)->{status}, 401, "$version: json/1 likewise");
    }
    my $found = grep { open my $file, '<:raw', $_; my $text = do { local $/; <$file> } // ''; $text =~ /$KEY/ }
        grep { -f } glob($site->httpd->state_dir . '/{*,*/*}'), $site->httpd->root . '/error.log';
    is($found, 0, "$version: no key in any file");
}
finish();
