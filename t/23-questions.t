#!/usr/bin/perl
# What Odoo is asked about a session, and when: who it is, 5 seconds after the first call of somebody who
# saw no page with a name; whether a manager still is one, once a minute. And what a full table does.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/lib";
use Process ();
use Sessions;
use Site;
use Test::More;
use Time::HiRes qw(sleep time);

# ---- who it is, and the id that the answer renews ----
{
    my $site = Site->start(version => 19);
    my $straight = $site->odoo->client;

    $straight->login('portal', 'portal');    # past the proxy, so that nobody knows the name
    my $client = $site->client(cookies => { session_id => $straight->session_id });
    my $before = $client->session_id;

    is $client->call_kw('res.partner', 'read', [ [1], ['name'] ])->{http}{status}, 200, 'the first call';
    $site->trail->wait_for(1, operation => 'session_started');
    is scalar($site->trail->events(operation => 'session_identified')), 0, 'names nobody yet';
    $site->odoo->age;
    sleep 6;

    # This request is one that Odoo itself answers without a cookie; the question's answer renews it.
    my $answer = $client->get('/web/static/src/none.js');
    is $client->session_id, $before, 'a static file asks nothing';
    $answer = $client->call_kw('res.partner', 'read', [ [1], ['name'] ]);
    my @set = grep { /^session_id=/ } @{ $answer->{http}{headers}{'set-cookie'} // [] };
    ok @set > 0, 'the answer brings the renewed id';
    my ($value) = $set[0] =~ /^session_id=([^;]+)/;
    isnt $value, $before, 'another one';
    is substr($value, 0, 42), substr($before, 0, 42), 'of the same session';
    my ($named) = $site->trail->wait_for(1, operation => 'session_identified');
    is $named->{login}, 'portal', 'now its name is known';
    is $named->{user}, 'Joel Willis', 'in full';
    is status_of($client), 200, 'and it goes on';
}

# ---- rights are asked for again ----
{
    my $site = Site->start(version => 18, server => "UserAuditCleanupInterval 1s\n");
    my ($admin, $demo) = map { $site->login($_) } qw(admin demo);
    my ($row) = grep { $_->{login} eq 'demo' } @{ list($admin)->{sessions} };
    my $began = time;

    is post_page($admin, "/sessions/$row->{reference}/revoke")->{status}, 200, 'a manager ends a session';
    is status_of($demo), 401, 'refused' for 1 .. 30;

    $site->odoo->demote('admin');
    ok scalar(grep { $_->{login} eq 'demo' } @{ list($admin)->{sessions} }), 'rights of less than a minute ago hold';
    sleep 1 while time - $began < 62;
    is scalar(grep { $_->{login} ne 'admin' } @{ list($admin)->{sessions} // [] }), 0,
        'after a minute one who is no manager any more sees only what is his own';
    is post_page($admin, '/site/revoke')->{status}, 403, 'and ends nobody';

    # ---- refusals, counted once a minute ----
    my ($first, $counted) = $site->trail->wait_for(2, operation => 'session_refused');
    is_deeply [ $first->{session}, $counted->{session} ], [ ($row->{reference}) x 2 ], 'a session that clings on';
    like $counted->{values}, qr/"reason":"manager","refused":29\b/, 'is told of once, and then counted';
}

# ---- a full table ----
{
    my $most = 16;
    my $site = Site->start(version => 18, server => "UserAuditMaxSessions $most\n",
        allow => [ qr/session table is full of ended sessions/ ]);
    my $admin = $site->login('admin');
    my @ended;

    for (1 .. $most - 1) {
        my $demo = $site->login('demo');
        is end_session($admin, 'demo'), 200, "ended: $_";
        push @ended, $demo;
    }
    is end_session($admin, 'admin'), 200, 'the last slot: ones own';
    push @ended, $admin;
    is_deeply [ map { status_of($_) } @ended ], [ (401) x @ended ], 'a table full of ended sessions refuses each';
    my $late = $site->login('portal');
    is status_of($late), 200, 'who comes then is served';
    is_deeply [ map { status_of($_) } @ended ], [ (401) x @ended ], 'and nobody who was ended is';
    $site->login('portal') for 1 .. 3;
    is_deeply [ map { status_of($_) } @ended ], [ (401) x @ended ], 'whoever else comes';
    my $said = () = $site->httpd->error_log =~ /session table is full of ended sessions/g;
    is $said, 1, 'the error log says it once';
}
finish();
