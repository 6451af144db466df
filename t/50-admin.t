#!/usr/bin/perl
# The page and the CSV over HTTP: who sees what, who may end what, and nothing a client sends comes
# back as markup or formula.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/lib";
use Client qw();
use Site;
use Test::More;
use Trail ();

my @PAGES = map { "/audit-admin/$_" }
    qw(overview sessions sessions/0123456789abcdef0123456789abcdef activity activity/1 health),
    'records/res.partner,1';
my $NASTY = q{<script>alert("1")</script>'"&{{x}}};

sub json ($client, $path) {
    my $answer = $client->get($path . ($path =~ /\?/ ? '&' : '?') . 'format=json');
    my $content = eval { Client::decode_json($answer->{body}) } // {};

    return { %$content, status => $answer->{status} };
}

sub anonymous ($site) {
    my $nobody = $site->client;

    for my $page (@PAGES) {
        my $answer = $nobody->get($page, Accept => 'text/html');

        is $answer->{status}, 303, "$page: nobody is sent to the login";
        like Client::header($answer, 'Location'), qr{^(?:http://[^/]+)?/web/login\?redirect=},
            "$page: with the way back";
        is json($nobody, $page)->{status}, 401, "$page: as JSON it is a 401";
    }
    is $nobody->get("/audit-admin/$_")->{status}, 401, "no $_ for nobody"
        for qw(activity.csv activity.jsonl);
    is $nobody->post_json("/audit-admin/$_", {})->{status}, 401, "$_: not for nobody"
        for qw(sessions/revoke-others users/2/revoke site/revoke);
    $nobody->session_id('f' x 40);
    is json($nobody, $PAGES[1])->{status}, 401, 'a cookie that Odoo does not know is nobody';
    return;
}

sub own_things_only ($site, $demo, $admin) {
    my $sessions = json($demo, '/audit-admin/sessions?state=all')->{sessions};
    my ($foreign) = grep { $_->{login} eq 'admin' } @{ json($admin, '/audit-admin/sessions')->{sessions} };
    my $token = json($demo, '/audit-admin/sessions')->{csrf_token};

    is_deeply [ grep { $_->{login} ne 'demo' } @$sessions ], [], 'own sessions only';
    for my $query ('', '?user=admin', '?user=2', "?session=$foreign->{reference}", '?site=127.0.0.1') {
        my $events = json($demo, "/audit-admin/activity$query")->{events};

        is_deeply [ grep { $_->{login} ne 'demo' } @{ $events // [] } ], [],
            "own events only, whatever the query ($query)";
    }
    is_deeply [ grep { $_->{login} ne 'demo' } $site->trail->csv($demo) ], [], 'own lines of the CSV';
    my $lines = $demo->get('/audit-admin/activity.jsonl')->{body};
    is_deeply [ grep { ($_->{user}{name} // '') ne 'demo' } map { Client::decode_json($_) } split /\n/, $lines ], [],
        'own lines of the JSON Lines';
    $site->trail->settle($admin);
    my ($event) = grep { $_->{login} eq 'admin' } @{ json($admin, '/audit-admin/activity')->{events} };
    is json($demo, "/audit-admin/activity/$event->{id}")->{status}, 404, "somebody else's event is not there";
    is json($demo, "/audit-admin/sessions/$foreign->{reference}")->{status}, 404, 'nor is their session';
    is json($demo, '/audit-admin/health')->{status}, 403, 'health is for managers';
    is_deeply [ grep { $_->{value} ne '6' } @{ json($demo, '/audit-admin/overview')->{users} } ], [],
        'an overview of own things';
    is $demo->post_json('/audit-admin/users/2/revoke', { csrf_token => $token })->{status}, 404,
        "somebody else's sessions are not ended";
    is $demo->post_json('/audit-admin/site/revoke', { csrf_token => $token })->{status}, 403,
        'nor are all of the site';
    is $demo->post_json("/audit-admin/sessions/$foreign->{reference}/revoke",
        { csrf_token => $token })->{status}, 404, "somebody else's session is not there";
    is $admin->call_kw('res.partner', 'read', [ [1] ])->{http}{status}, 200, 'and goes on';
    return;
}

sub tokens ($site, $admin) {
    my $other = $site->login('demo');
    my ($mine) = @{ json($other, '/audit-admin/sessions')->{sessions} };
    my $path  = "/audit-admin/sessions/$mine->{reference}/revoke";
    my $token = json($other, '/audit-admin/sessions')->{csrf_token};
    my $foreign = json($admin, '/audit-admin/sessions')->{csrf_token};

    is $other->post_json($path, {})->{status}, 403, 'no token';
    is $other->post_json($path, { csrf_token => 'x' x 64 })->{status}, 403, 'a made-up token';
    is $other->post_json($path, { csrf_token => $foreign })->{status}, 403, "somebody else's token";
    is $other->post_json($path, { csrf_token => $token },
        headers => [ Origin => 'http://evil.example' ])->{status}, 403, 'another origin';
    is $other->post_json($path, { csrf_token => $token },
        headers => [ 'Sec-Fetch-Site' => 'cross-site' ])->{status}, 403, 'another site';
    is $other->get($path)->{status}, 405, 'a GET ends nothing';
    is $other->post_form($path, { csrf_token => $token })->{status}, 303,
        'a form with the right token ends the own session';
    is $other->call_kw('res.partner', 'read', [ [1] ])->{http}{status}, 401, 'which is over';
    return;
}

sub nasty_values ($site, $admin) {
    $admin->call_kw('res.partner', 'write', [ [1], { name => $NASTY } ], {},
        headers => [ 'User-Agent' => $NASTY ]);
    $admin->call_kw($NASTY, $NASTY, [ [1] ]);
    $admin->call_kw('res.partner', 'write', [ [1], { '=cmd' => '@SUM(1)' } ]);
    $admin->authenticate("=1+1$NASTY", 'x');
    $site->trail->settle($admin);
    for my $path ('/audit-admin/activity', '/audit-admin/activity?model=' . Client::escape($NASTY),
        '/audit-admin/sessions?user=' . Client::escape($NASTY)) {
        my $page = $admin->get($path);

        is $page->{status}, 200, "$path is shown";
        unlike $page->{body}, qr/<script>alert|&\{\{x|'"&\{/, "$path: escaped";
        like Client::header($page, 'Content-Security-Policy'), qr/default-src 'none'/, "$path: CSP";
        is Client::header($page, 'X-Content-Type-Options'), 'nosniff', "$path: not sniffed";
        is Client::header($page, 'Cache-Control'), 'no-store', "$path: not stored";
    }
    return;
}

sub csv ($site, $admin) {
    my $answer = $admin->get('/audit-admin/activity.csv');
    my ($header, @rows) = Trail::parse_csv($answer->{body});

    like Client::header($answer, 'Content-Type'), qr{^text/csv; charset=utf-8}, 'CSV: type';
    like Client::header($answer, 'Content-Disposition'), qr/^attachment; filename="?[\w.-]+\.csv/, 'CSV: a file';
    is_deeply $header, \@Trail::COLUMNS, 'CSV: the columns of the contract, in order';
    is scalar(grep { @$_ != @Trail::COLUMNS } @rows), 0, 'CSV: as many cells in each row';
    is scalar(grep { /^[=+\-@\t\r]/ } map { @$_ } @rows), 0, 'CSV: no cell is a formula';
    unlike $answer->{body}, qr/[^\r]\n/, 'CSV: lines end in CR LF';
    my @writes = $site->trail->csv($admin, 'operation=write&model=res.partner&record=res.partner,1');
    cmp_ok scalar @writes, '>=', 1, 'CSV: filters narrow it';
    is_deeply [ grep { $_->{operation} ne 'write' || $_->{record_ids} ne '1' } @writes ], [],
        'CSV: to what was asked for';
    return;
}

sub filters ($site, $admin) {
    my $all = json($admin, '/audit-admin/activity')->{events};
    my $last = $all->[0]{id};

    is_deeply [ map { $_->{id} } @$all ], [ sort { $b <=> $a } map { $_->{id} } @$all ],
        'newest first';
    for my $bad ('from=yesterday', 'ip=1.2.3', 'record=5', 'operation=dance', 'before=x') {
        is json($admin, "/audit-admin/activity?$bad")->{status}, 400, "$bad is told to be wrong";
    }
    for my $good ('ip=127.0.0.0/8', 'user=admin', 'outcome=success', 'operation=login,write',
        'from=2020-01-01', 'to=2099-01-01T00:00:00Z') {
        cmp_ok scalar @{ json($admin, "/audit-admin/activity?$good")->{events} }, '>', 0,
            "$good finds something";
    }
    is scalar @{ json($admin, '/audit-admin/activity?to=2020-01-01')->{events} }, 0,
        'nothing before the beginning';
    return;
}

sub paging ($site, $admin) {
    $admin->call_kw('res.partner', 'write', [ [1], { city => "City $_" } ]) for 1 .. 230;
    $site->trail->settle($admin);
    my (@seen, $next);
    my $query = '/audit-admin/activity?operation=write&model=res.partner';

    do {
        my $page = json($admin, $query . ($next ? "&before=$next" : ''));

        push @seen, map { $_->{id} } @{ $page->{events} };
        $next = $page->{next};
        $admin->call_kw('res.partner', 'write', [ [1], { city => 'meanwhile' } ]);
    } while ($next && @seen < 1000);
    my %once = map { $_ => 1 } @seen;

    cmp_ok scalar @seen, '>=', 230, 'every page follows the one before';
    is scalar keys %once, scalar @seen, 'and shows nothing twice while events arrive';
    return;
}

# A search for text looks at so many events at a time that it may stop before it has found any:
# `next` goes on from there.
sub text_goes_on ($site, $admin) {
    my $query = '/audit-admin/activity?last=24h&text=' . Client::escape('City 7');
    my (@found, $next);

    do {
        my $page = json($admin, $query . ($next ? "&before=$next" : ''));

        push @found, @{ $page->{events} };
        $next = $page->{next};
    } while ($next);
    my @cities = map { $_->{values}{city} } grep { $_->{operation} eq 'write' } @found;

    is_deeply [ sort @cities ], [ sort 'City 7', map { "City 7$_" } 0 .. 9 ], 'text is found to the end';
    return;
}

# What is odd about a session, and what was said when it was ended.
sub badges ($site, $admin) {
    my $demo = $site->login('demo');
    my $reason = q{lost <b>"laptop"</b>};

    $demo->call_kw('res.users', 'write', [ [1], { login => 'x' } ]) for 1 .. 10;
    $site->trail->settle($admin);
    my $path = '/audit-admin/sessions?state=all&risk=many_denials&last=24h';
    my ($session) = @{ json($admin, $path)->{sessions} };
    my ($item) = grep { $_->{label} =~ /many denials/ } @{ json($admin, '/audit-admin/overview')->{attention} };

    is $session->{login}, 'demo', 'a session with many denials is marked';
    ok grep({ $_ eq 'many_denials' } @{ $session->{risks} }), 'with the word for it';
    is $item->{count}, 1, 'and needs a look';
    like $item->{why}, qr/10 calls or more within an hour/, 'which says from how many on';
    is $admin->get($item->{href})->{status}, 200, 'and leads to the list';
    like $admin->get($path)->{body}, qr/badge bad" title="[^"]*10 calls[^"]*">many denials</, 'the page shows the badge';
    is json($admin, '/audit-admin/sessions?risk=dance')->{status}, 400, 'a word that is none is told to be wrong';
    my $token = json($admin, $path)->{csrf_token};
    is $admin->post_json("/audit-admin/sessions/$session->{reference}/revoke",
        { csrf_token => $token, reason => $reason })->{status}, 200, 'a manager ends it and says why';
    $site->trail->settle($admin);
    ($session) = @{ json($admin, $path)->{sessions} };
    is $session->{note}, $reason, 'what was said is kept';
    for my $page ($path, "/audit-admin/sessions/$session->{reference}") {
        like $admin->get($page)->{body}, qr/lost &lt;b&gt;&(?:quot|#34);laptop/, 'and shown';
    }
    return;
}

# An event's page tells whether its chain holds there.
sub chain_state ($site, $admin) {
    my ($event) = @{ json($admin, '/audit-admin/activity?operation=write')->{events} };
    my $shown = json($admin, "/audit-admin/activity/$event->{id}")->{events}[0];
    my $before = json($admin, "/audit-admin/activity/$shown->{previous}{id}")->{events}[0];

    ok $shown->{previous}{follows}, 'an event follows the one before';
    is $before->{hash}, $event->{previous_hash}, 'by its hash';
    like $admin->get("/audit-admin/activity/$event->{id}")->{body},
        qr/follows the event before.*activity\/$before->{id}"/s, 'which the page says, with a link';
    return;
}

# 16 and 17 answer has_group to other arguments than 18 and 19 do.
sub manager_by_group ($version) {
    my $site = Site->start(version => $version, vhost => "UserAuditManager group:base.group_user\n");
    my $admin = $site->login('admin');
    my $demo  = $site->login('demo');
    my @seen  = map { $_->{login} } @{ json($demo, '/audit-admin/sessions')->{sessions} };

    cmp_ok scalar(grep { $_ eq 'admin' } @seen), '>', 0, "a manager by group, in $version";
    return;
}

sub managers_of_the_file {
    my $site = Site->start(version => 18, vhost => "UserAuditManager demo\n");
    my $demo = $site->login('demo');
    my $boss = $site->login('admin');

    cmp_ok scalar(grep { $_->{login} eq 'admin' }
            @{ json($demo, '/audit-admin/sessions')->{sessions} }), '>', 0,
        'a manager by login sees all';
    is scalar(grep { $_->{login} ne 'admin' }
            @{ json($boss, '/audit-admin/sessions')->{sessions} }), 0,
        "and Odoo's administrator only their own, where httpd.conf says so";
    manager_by_group($_) for 17, 19;
    return;
}

my $site  = Site->start(version => 17);
my $admin = $site->login('admin');
my $demo  = $site->login('demo');

anonymous($site);
own_things_only($site, $demo, $admin);
tokens($site, $admin);
nasty_values($site, $admin);
csv($site, $admin);
filters($site, $admin);
paging($site, $admin);
text_goes_on($site, $admin);
badges($site, $admin);
chain_state($site, $admin);
managers_of_the_file();
finish();
