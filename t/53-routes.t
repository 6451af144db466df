#!/usr/bin/perl
# Every address of the page as nobody, another user, the user it is about and a manager: one row for
# each method of each route of src/admin/admin.c; a route without a row fails. And what a client
# says, in whatever field, never makes a line of the error log.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/lib";
use Client qw();
use Site;
use Test::More;

my $BASE = '/audit-admin';
my $FORGED = "x\r\n\n[Thu Nov 26 12:00:00 2026] [forged:error] \e[31m";

# Columns: nobody, portal, demo, admin. What stands for "*" is demo's; {name} is taken from what the
# manager sees of it. Ordered by what is left after each: what ends sessions comes last.
my @GET = (
    [ '',                 401, 303, 303, 303 ],
    [ '/',                401, 303, 303, 303 ],
    [ '/overview',        401, 200, 200, 200 ],
    [ '/sessions',        401, 200, 200, 200 ],
    [ '/sessions/*',      401, 404, 200, 200, 'session' ],
    [ '/activity',        401, 200, 200, 200 ],
    [ '/activity.csv',    401, 200, 200, 200 ],
    [ '/activity.jsonl',  401, 200, 200, 200 ],
    [ '/activity/*',      401, 404, 200, 200, 'event' ],
    [ '/records/*',       401, 200, 200, 200, 'record' ],
    [ '/holds',           401, 403, 403, 200 ],
    [ '/settings',        401, 403, 403, 200 ],
    [ '/alerts',          401, 403, 403, 200 ],
    [ '/health',          401, 403, 403, 200 ],
    [ '/metrics',         401, 403, 403, 200 ],
    [ '/assets/*',        200, 200, 200, 200, 'asset' ],
);
my @POST = (
    [ '/sessions/*/lift',        401, 403, 403, 404, 'session' ],
    [ '/holds',                  401, 403, 403, 200, undef, { model => 'res.partner', record => 14, reason => 'a case' } ],
    [ '/holds/*/lift',           401, 403, 403, 404, 'record' ],
    [ '/settings',               401, 403, 403, 200, undef, { version => 0, settings => { track => ['read hr.*'] } } ],
    [ '/alerts/test',            401, 403, 403, 409 ],
    [ '/alerts/opt-out',         401, 403, 403, 200, undef, { uid => 6, opt_out => '1' } ],
    [ '/health/verify',          401, 403, 403, 200 ],
    [ '/sessions/revoke-others', 401, 200, 200, 200 ],
    [ '/sessions/*/revoke',      401, 404, 200, 200, 'session' ],
    [ '/users/*/revoke',         401, 404, 200, 200, 'uid' ],
    [ '/users/*/*/*/revoke',     401, 404, 200, 200, 'user' ],
    [ '/site/revoke',            401, 403, 403, 200 ],
);

sub json ($client, $path) {
    my $answer = $client->get($BASE . $path . ($path =~ /\?/ ? '&' : '?') . 'format=json');

    my $content = eval { Client::decode_json($answer->{body}) } // {};

    return { %$content, status => $answer->{status} };
}

# "GET /path" and "POST /path" of the source.
sub routes {
    open my $file, '<', "$FindBin::Bin/../src/admin/admin.c" or die $!;
    my $source = do { local $/; <$file> };
    my ($table) = $source =~ /page_route_t routes\[\] = \{(.*?)\n\};/s or die 'no table of routes';
    my @found;

    while ($table =~ /\{"([^"]*)",\s*(.*?),\s*ACCESS_/g) {
        my ($path, $methods) = ($1, $2);

        push @found, "GET $path"  if $methods =~ /READING/;
        push @found, "POST $path" if $methods =~ /POST/;
    }
    return sort @found;
}

# Whose things the rows ask for: a session of demo's that has done something.
sub things ($site, $admin) {
    my $demo = $site->login('demo');
    my ($event, $session);

    $demo->call_kw('res.partner', 'write', [ [14], { city => 'Oslo' } ]);
    $site->trail->settle($admin);
    ($event) = @{ json($admin, '/activity?user=demo&operation=write')->{events} };
    $session = json($admin, "/sessions/$event->{session}")->{session};
    return ($demo, {
        event   => $event->{id},
        session => $event->{session},
        uid     => $event->{uid},
        user    => "$session->{site}/$session->{database}/$session->{uid}",
        record  => 'res.partner,14',
        asset   => 'style.css',
    });
}

sub address ($row, $things) {
    my ($path, $what) = ($row->[0], $row->[5]);
    my $name = $what ? $things->{$what} : '';

    $path =~ s{\*(?:/\*)*}{$name};
    return $BASE . $path;
}

sub reading ($site, $clients, $things) {
    for my $row (@GET) {
        my $address = address($row, $things);
        my @got = map { $_->get($address, Accept => 'application/json')->{status} } @$clients;

        is "@got", "@$row[1 .. 4]", "GET $row->[0]";
    }
    return;
}

# What no page may lack, and what none may do.
sub guarded ($clients, $things) {
    for my $row (@GET) {
        my $answer = $clients->[3]->get(address($row, $things), Accept => 'text/html');
        my $policy = Client::header($answer, 'Content-Security-Policy') // '';
        my $is_asset = $row->[0] =~ /assets/;

        is Client::header($answer, 'X-Content-Type-Options'), 'nosniff', "GET $row->[0]: nosniff";
        is Client::header($answer, 'Cache-Control'), 'no-store', "GET $row->[0]: no-store" if !$is_asset;
        like $policy, qr/default-src 'none'.*frame-ancestors 'none'/, "GET $row->[0]: CSP" if !$is_asset;
        unlike $policy, qr/unsafe|\*|http:/, "GET $row->[0]: and nothing unsafe in it";
        is $clients->[3]->request('DELETE', address($row, $things))->{status}, 405, "DELETE $row->[0]";
    }
    return;
}

sub post ($client, $address, $fields, $token) {
    return $client->post_json($address, { %$fields, $token ? (csrf_token => $token) : () })->{status};
}

# Each as it would succeed: only rights are in the way. demo comes anew to each row, since some end
# the session they come from.
sub changing ($site, $clients) {
    for my $row (@POST) {
        my ($nobody, $portal, undef, $admin) = @$clients;
        my ($demo, $things) = things($site, $admin);
        my @visitors = ($portal, $demo, $admin);
        my $address = address($row, $things);
        my @tokens = map { json($_, '/sessions')->{csrf_token} } @visitors;
        my @bare = map { post($_, $address, $row->[6] // {}, undef) } @visitors;
        my @got = (post($nobody, $address, $row->[6] // {}, $tokens[2]),
            map { post($visitors[$_], $address, $row->[6] // {}, $tokens[$_]) } 0 .. 2);

        is "@bare", '403 403 403', "POST $row->[0]: not without a token";
        is "@got", "@$row[1 .. 4]", "POST $row->[0]";
    }
    return;
}

# ---- lines of the error log ----

sub forge ($site, $admin) {
    my $path = Client::escape($FORGED);
    my $token = json($admin, '/sessions')->{csrf_token};
    my ($session) = @{ json($admin, '/sessions')->{sessions} };

    $admin->call_kw($FORGED, $FORGED, [ [1], { $FORGED => $FORGED } ], { $FORGED => $FORGED });
    $admin->call_kw('res.partner', 'write', [ [1], { name => $FORGED } ],
        {}, headers => [ 'User-Agent' => "x\e[31m", 'X-Forwarded-For' => "1.2.3.4\e", Referer => "\e" ]);
    $site->client->authenticate($FORGED, $FORGED, $FORGED);
    $site->client->post_form('/web/login', { login => $FORGED, password => $FORGED, db => $FORGED });
    $admin->get("/web/dataset/call_kw/$path");
    for my $page (qw(activity sessions overview settings activity.csv), "records/res.partner,1") {
        $admin->get("$BASE/$page?$_=$path") for qw(user model text last from zone format state);
    }
    $admin->get("$BASE/$_/$path") for qw(sessions activity records assets);
    $admin->get("$BASE/activity", Cookie => "session_id=$path");
    $admin->post_json("$BASE/$_", { csrf_token => $FORGED, reason => $FORGED })
        for "sessions/$path/revoke", "sessions/$session->{reference}/revoke", 'holds', 'settings';
    $admin->post_json("$BASE/holds", { csrf_token => $token, model => $FORGED, reason => $FORGED, user => $FORGED });
    $admin->post_json("$BASE/settings",
        { csrf_token => $token, version => 0, settings => { track => [$FORGED], alerts => [$FORGED] } });
    $site->trail->settle($admin);
    return;
}

sub single_lines ($site) {
    my @lines = split /\n/, $site->httpd->error_log;
    my @odd = grep { !/^\[[A-Z][a-z]{2} [A-Z][a-z]{2} +\d+ [\d:.]+ \d{4}\] \[[\w:]+\] \[pid/ || /[\e\r]/ } @lines;

    cmp_ok scalar @lines, '>', 0, 'the error log has lines';
    is_deeply \@odd, [], 'none of which a client has begun';
    return;
}

my @rows = sort +(map { "GET $_->[0]" } @GET), (map { "POST $_->[0]" } @POST);
is_deeply \@rows, [ routes() ], 'each route has its row';

my $site = Site->start(version => 17);
my $admin = $site->login('admin');
my ($demo, $things) = things($site, $admin);
my @clients = ($site->client, $site->login('portal'), $demo, $admin);

reading($site, \@clients, $things);
guarded(\@clients, $things);
forge($site, $admin);
single_lines($site);
changing($site, \@clients);
finish();
