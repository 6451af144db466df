#!/usr/bin/perl
# Sessions: listed, ended, refused in every child, over restarts, idle, and logged in again.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/lib";
use Client qw();
use Process ();
use Site;
use Test::More;
use Time::HiRes qw(sleep time);

sub sessions ($client, $query = '') {
    my $answer = $client->get("/audit-admin/sessions?format=json$query");

    return Client::decode_json($answer->{body});
}

sub end_session ($manager, $reference, %more) {
    my $list = sessions($manager);

    return $manager->post_json("/audit-admin/sessions/$reference/revoke",
        { csrf_token => $list->{csrf_token}, %more });
}

sub reference_of ($site, $login) {
    my ($event) = $site->trail->wait_for(1, operation => 'session_identified', login => $login);

    return $event->{session};
}

# The answer clears the cookie; the client gets it back, as one that clings to it.
sub is_refused ($client, $what) {
    my $cookie = $client->session_id;
    my $answer = $client->call_kw('res.partner', 'read', [ [1], ['name'] ]);

    $client->session_id($cookie);

    is $answer->{http}{status}, 401, "$what: 401";
    is $answer->{error}{data}{name}, 'odoo.http.SessionExpiredException',
        "$what: the answer that every web client understands";
    return $answer->{http};
}

sub ended_by_a_manager ($site, $mpm) {
    my $demo  = $site->login('demo');
    my $admin = $site->login('admin');
    my $reference = reference_of($site, 'demo');
    my ($row) = grep { $_->{reference} eq $reference } @{ sessions($admin)->{sessions} };

    is $row->{login}, 'demo', "$mpm: listed with its login";
    is $row->{state}, 'open', "$mpm: as open";
    is end_session($admin, $reference, reason => 'left the company')->{status}, 200, "$mpm: ended";
    is_refused($demo, "$mpm: from the next request on") for 1 .. 20;
    my $head = is_refused($demo, "$mpm: in every child")->{headers};
    is $head->{'cache-control'}[0], 'no-store', "$mpm: not to be kept";
    is $head->{'www-authenticate'}[0], 'Session', "$mpm: without a browser's password box";

    my ($revoked) = $site->trail->wait_for(1, operation => 'session_revoked');
    is $revoked->{session}, $reference, "$mpm: the event names the session";
    like $revoked->{values}, qr/left the company/, "$mpm: and the reason";
    my @refused = $site->trail->wait_for(1, operation => 'session_refused');
    is scalar @refused, 1, "$mpm: one event, however often it comes back";
    return ($demo, $admin);
}

sub page_load ($site, $client, $mpm) {
    my $page = $client->get('/web', Accept => 'text/html', 'Sec-Fetch-Mode' => 'navigate');

    is $page->{status}, 401, "$mpm: a page load is refused";
    like $page->{body}, qr/<html.*\/web\/login/s, "$mpm: with a page that leads to the login";
    like "@{ $page->{headers}{'set-cookie'} }", qr/session_id=;.*Max-Age=0/, "$mpm: cookie cleared";
    $client->login('demo', 'demo');
    is $client->call_kw('res.partner', 'read', [ [1], ['name'] ])->{http}{status}, 200,
        "$mpm: logged in again at once in the same browser";
    return;
}

sub survives_restarts ($site, $admin, $mpm) {
    my $victim = $site->client;
    my $cookie;

    $victim->login('portal', 'portal');
    $victim->call_kw('res.partner', 'read', [ [1], ['name'] ]);
    $cookie = $victim->session_id;
    my ($row) = grep { $_->{state} eq 'open' && ($_->{login} // '') eq 'portal' }
        @{ sessions($admin)->{sessions} };
    ok $row, "$mpm: the portal user is listed" or return;
    end_session($admin, $row->{reference});
    for my $restart (qw(graceful restart stop)) {
        if ($restart eq 'stop') {
            $site->httpd->stop;
            $site->httpd->start;
        }
        else {
            $site->httpd->$restart;
        }
        $victim->session_id($cookie);
        is_refused($victim, "$mpm: after $restart");
    }
    return;
}

sub websocket_cut ($site, $admin, $mpm) {
    my $demo = $site->login('demo');
    my ($socket, $answer) = $demo->websocket;
    my ($row) = grep { $_->{state} eq 'open' && $_->{login} eq 'demo' }
        sort { $b->{started} cmp $a->{started} } @{ sessions($admin)->{sessions} };

    is $answer->{status}, 101, "$mpm: websocket open";
    ok !Client::is_closed($socket, 1), "$mpm: and stays open";
    end_session($admin, $row->{reference});
    ok Client::is_closed($socket), "$mpm: cut when its session is ended";
    return;
}

# 1 if the session is served for longer than the idle time, used all the while. Where this test itself was
# held up for that long, it begins again.
sub stays_in_use ($client, $idle) {
    my $cookie = $client->session_id;
    my $begin = my $last = time;

    while (time - $begin <= 1.5 * $idle) {
        sleep 0.5;
        my $now = time;
        my $status = $client->call_kw('res.partner', 'read', [ [1], ['name'] ])->{http}{status};
        my $held_up = time - $last >= $idle;

        return 0 if $status != 200 && !$held_up;
        $last = $now;
        next if $status == 200;
        $client->login('demo', 'demo');
        $begin = $last = time;
    }
    return 1;
}

sub idle ($mpm) {
    my $site = Site->start(version => 17, mpm => $mpm,
        vhost => "UserAuditIdleTimeout 3s\n", server => "UserAuditCleanupInterval 1s\n");
    my $demo = $site->login('demo');

    ok stays_in_use($demo, 3), "$mpm: in use, so not idle";
    my $cookie = $demo->session_id;
    for (1 .. 8) {
        sleep 0.5;
        $demo->session_id($cookie);
        $demo->rpc('/websocket/peek_notifications', { channels => [], last => 0 });
    }
    $demo->session_id($cookie);
    is_refused($demo, "$mpm: polls are no action of a person");
    my ($event) = $site->trail->wait_for(1, operation => 'session_expired');
    is $event->{login}, 'demo', "$mpm: the event names the person";
    like $event->{values}, qr/idle/, "$mpm: and why";
    $demo->login('demo', 'demo');
    is $demo->call_kw('res.partner', 'read', [ [1], ['name'] ])->{http}{status}, 200,
        "$mpm: logged in again";
    ok $site->trail->wait_for(2, operation => 'session_expired'),
        "$mpm: cleanup ends a session that never comes back";
    return;
}

# Used without a break, so that nothing but its age can end it.
sub lifetime ($mpm) {
    my $site = Site->start(version => 18, mpm => $mpm, vhost => "UserAuditMaxLifetime 3s\n");
    my $begin = time;
    my $demo = $site->login('demo');
    my $cookie = $demo->session_id;

    ok Process::wait_until(sub {
        $demo->session_id($cookie);
        return $demo->call_kw('res.partner', 'read', [ [1], ['name'] ])->{http}{status} == 401;
    }), "$mpm: a session in use ends with its lifetime";
    cmp_ok time - $begin, '>=', 3, "$mpm: and not before";
    $demo->session_id($cookie);
    is_refused($demo, "$mpm: over its lifetime");
    my ($event) = $site->trail->wait_for(1, operation => 'session_expired');
    is $event->{login}, 'demo', "$mpm: the event names the person";
    is $event->{values}, '{"reason":"lifetime"}', "$mpm: and why";
    ok Process::wait_until(sub {
        $demo->login('demo', 'demo');
        return $demo->call_kw('res.partner', 'read', [ [1], ['name'] ])->{http}{status} == 200;
    }), "$mpm: a new login has a lifetime of its own";
    return;
}

for my $mpm (qw(event worker prefork)) {
    my $site = Site->start(version => 18, mpm => $mpm);
    my ($demo, $admin) = ended_by_a_manager($site, $mpm);

    page_load($site, $demo, $mpm);
    websocket_cut($site, $admin, $mpm);
    survives_restarts($site, $admin, $mpm);
}
idle('event');
lifetime('event');
finish();
