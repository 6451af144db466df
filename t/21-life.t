#!/usr/bin/perl
# What Odoo's answers make of a session: a second factor, a trusted device, another user under the same
# cookie, OdooBot, a password changed, sessions that Odoo itself ended, a renewed id.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/lib";
use Sessions;
use Site;
use Test::More;

sub row ($client, $reference) { return (grep { $_->{reference} eq $reference } @{ list($client)->{sessions} })[0] }

for my $version (16, 19) {
    my $site  = Site->start(version => $version);
    my $admin = $site->login('admin');

    # ---- OdooBot, under the same cookie ----
    my $boss = $site->login('admin');
    my ($reference) = map { $_->{session} } ($site->trail->wait_for(2, operation => 'session_identified', login => 'admin'))[-1];
    $boss->get('/web/become');
    $boss->get($version < 18 ? '/web' : '/odoo');
    my ($changed) = $site->trail->wait_for(1, operation => 'user_changed');
    is($changed->{login}, '__system__', "$version: who became OdooBot is told so");
    is($changed->{session}, $reference, "$version: in the session that it was");

    # ---- another user in the same browser ----
    my $browser = $site->login('demo');
    my ($first) = $site->trail->wait_for(1, operation => 'login', login => 'demo');
    $browser->login('portal', 'portal');
    my ($second) = $site->trail->wait_for(1, operation => 'login', login => 'portal');
    isnt($second->{session}, $first->{session}, "$version: a login over another one is another session");
    is(row($admin, $first->{session})->{state}, 'logged_out', "$version: and the end of the first");
    my ($replaced) = $site->trail->wait_for(1, operation => 'session_expired', session => $first->{session});
    is("$replaced->{login} $replaced->{values}", 'demo {"reason":"logout"}', "$version: which the trail tells");

    # ---- Odoo ended it ----
    my $demo = $site->login('demo');
    my ($own) = map { $_->{session} } ($site->trail->wait_for(2, operation => 'login', login => 'demo'))[-1];
    $site->odoo->expire(login => 'demo');
    status_of($demo);
    my ($expired) = $site->trail->wait_for(1, operation => 'session_expired', session => $own);
    like($expired->{values}, qr/"reason":"odoo"/, "$version: a session that Odoo ended, as by its list of devices");
    is(row($admin, $own)->{state}, 'logged_out', "$version: is listed as over");

    # ---- a password of one's own changed: Odoo ends the session with it ----
    my $demo_again = $site->login('demo');
    my ($changing) = map { $_->{session} } ($site->trail->wait_for(3, operation => 'login', login => 'demo'))[-1];
    $demo_again->call_kw('res.users', 'change_password', [ 'wrong', 'other' ]);
    $demo_again->call_kw('res.users', 'change_password', [ 'demo', 'n3w-of-demo' ]);
    my ($refused, $new) = $site->trail->wait_for(2, operation => 'password_changed', session => $changing);
    is("$refused->{outcome} $new->{outcome}", 'denied success', "$version: a changed password, and one that was not");
    unlike("$refused->{values} $new->{values}", qr/n3w-of-demo|wrong/, "$version: neither password is kept");
    status_of($demo_again);
    my ($over) = $site->trail->wait_for(1, operation => 'session_expired', session => $changing);
    like($over->{values}, qr/"reason":"odoo"/, "$version: the session that Odoo ends with it");
    isnt(row($admin, $changing)->{state}, 'open', "$version: is listed as over, too");

    # ---- a tried login ----
    $site->client->authenticate('mallory', 'x');
    $site->client->login('mallory', 'x');
    is(scalar($site->trail->wait_for(2, operation => 'login_failed', login => 'mallory')), 2,
        "$version: failed logins tell the login that was tried");

    $admin->authenticate('eve', 'x');
    my ($tried) = $site->trail->wait_for(1, operation => 'login_failed', login => 'eve');
    my ($own_name) = $site->trail->events(operation => 'session_identified', session => $tried->{session});
    is("$own_name->{login} $tried->{uid}", 'admin ', "$version: not who is logged in where it was tried");

    # ---- a renewed id: the same session, and its end holds for every later one ----
    if ($version == 19) {
        my $long = $site->login('portal');
        my ($login) = ($site->trail->wait_for(2, operation => 'login', login => 'portal'))[-1];
        my $before = $long->session_id;
        $site->odoo->age;
        status_of($site->client(cookies => { session_id => $before }));
        $long->call_kw('res.partner', 'read', [ [1], ['name'] ]);
        my $after = $long->session_id;
        isnt($after, $before, "$version: Odoo gave it another id");
        is(substr($after, 0, 42), substr($before, 0, 42), "$version: of the same half");
        is(scalar($site->trail->events(operation => 'login', login => 'portal')), 2, "$version: which is no login");

        # Of an id with another half Odoo knows nothing, whatever it answers.
        my $half = substr($after, 0, 42) . 'x' x 42;
        my $began = row($admin, $login->{session})->{started};
        is($site->client(cookies => { session_id => $half })->call_kw('res.partner', 'read', [ [1], ['name'] ])->{error}{code},
            100, "$version: Odoo does not know an id that is half made up");
        $site->client(cookies => { session_id => $half })->get('/web/session/logout');
        $site->client(cookies => { session_id => $half })->login('demo', 'n3w-of-demo');
        my $row = row($admin, $login->{session});
        is("$row->{state} $row->{started}", "open $began", "$version: which ends nothing");
        is(status_of($long), 200, "$version: the session goes on");
        $site->trail->settle($site->client);
        is(scalar($site->trail->events(operation => 'session_started', session => $login->{session})), 1, "$version: as the same");
        is(scalar($site->trail->events(operation => 'session_expired', session => $login->{session})), 0, "$version: which is told so");

        my $answer = post_page($admin, "/sessions/$login->{session}/revoke");
        is($answer->{status}, 200, "$version: ended by the reference that it always had");
        for my $id ($before, $after, substr($after, 0, 42) . 'x' x 42) {
            $long->session_id($id);
            is(status_of($long), 401, "$version: refused under its old, its new and a later id");
        }
    }
}
finish();
