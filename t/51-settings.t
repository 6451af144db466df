#!/usr/bin/perl
# Settings that managers change on the page: who may, what may be said, and that every process obeys
# from its next request on, without a restart and over restarts.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/lib";
use Client qw();
use Process ();
use Site;
use Test::More;

my $PAGE = '/audit-admin/settings';

sub settings ($client, $query = '') {
    my $answer = $client->get("$PAGE?format=json$query");

    return { %{ (eval { Client::decode_json($answer->{body}) }) // {} }, status => $answer->{status} };
}

# Changes some settings; returns the answer as a hash with its status.
sub change ($client, $wanted, %more) {
    my $now = settings($client);
    my $answer = $client->post_json($PAGE,
        { csrf_token => $now->{csrf_token}, version => $now->{version}, settings => $wanted, %more });

    return { %{ (eval { Client::decode_json($answer->{body}) }) // {} }, status => $answer->{status} };
}

sub rights ($site, $admin, $demo) {
    my $nobody = $site->client;
    my $token = settings($admin)->{csrf_token};
    my $own = Client::decode_json($demo->get('/audit-admin/sessions?format=json')->{body})->{csrf_token};

    is $nobody->get($PAGE, Accept => 'text/html')->{status}, 303, 'nobody is sent to the login';
    is settings($nobody)->{status}, 401, 'nobody: no JSON';
    is $nobody->post_json($PAGE, { settings => {} })->{status}, 401, 'nobody changes nothing';
    is settings($demo)->{status}, 403, 'a user does not see them';
    is $demo->post_json($PAGE, { csrf_token => $own, settings => { redact => ['*'] } })->{status}, 403,
        'nor changes them';
    is $admin->post_json($PAGE, { settings => { redact => ['*'] } })->{status}, 403, 'no token';
    is $admin->post_json($PAGE, { csrf_token => $own, settings => { redact => ['*'] } })->{status}, 403,
        "somebody else's token";
    is $admin->post_json($PAGE, { csrf_token => $token, settings => { redact => ['*'] } },
        headers => [ Origin => 'http://evil.example' ])->{status}, 403, 'another origin';
    is $admin->request('PUT', $PAGE, body => '{}')->{status}, 405, 'other methods are told';
    is settings($admin)->{version}, 0, 'and nothing was changed by any of them';
    return;
}

# Concurrent requests, so that every child has its turn.
sub in_every_child ($site, $admin, $model, $count) {
    my @sockets = map { my $socket = $admin->connect;
        $admin->send_request($socket, 'POST', "/web/dataset/call_kw/$model/read",
            headers => [ 'Content-Type' => 'application/json', 'X-Standin-Delay' => '0.2' ],
            body => Client::encode_json($admin->envelope(
                { model => $model, method => 'read', args => [ [1], ['name'] ], kwargs => {} })));
    } 1 .. $count;

    $admin->read_response($_, 'POST') for @sockets;
    return;
}

sub obeyed_by_every_child ($mpm) {
    my $site  = Site->start(version => 17, mpm => $mpm, server => "StartServers 4\n");
    my $admin = $site->login('admin');
    my $calls = 24;

    in_every_child($site, $admin, 'res.partner', $calls);
    is change($admin, { track => ['read res.partner'] })->{status}, 200, "$mpm: reads are to be logged";
    in_every_child($site, $admin, 'res.partner', $calls);
    $site->trail->settle($admin);
    is scalar $site->trail->events(operation => 'read', model => 'res.partner'), $calls,
        "$mpm: from the next request on, in every child, and none of before";
    is change($admin, { track => undef })->{status}, 200, "$mpm: and no more";
    in_every_child($site, $admin, 'res.partner', $calls);
    $site->trail->settle($admin);
    is scalar $site->trail->events(operation => 'read', model => 'res.partner'), $calls, "$mpm: none more";
    return;
}

sub on_record ($site, $admin) {
    my $answer = change($admin, { redact => ['city'], values => 'values', idle_timeout => '30m' });

    is $answer->{status}, 200, 'changed';
    is_deeply $answer->{settings}{redact}, { httpd_conf => [], page => ['city'], effective => ['city'] },
        'what httpd.conf says, what the page adds, what holds';
    is $answer->{settings}{idle_timeout}{effective}, '30m', 'a time';
    is $answer->{changed}{login}, 'admin', 'who changed it';
    like $answer->{changed}{time}, qr/^\d{4}-\d\d-\d\dT/, 'and when';
    $admin->call_kw('res.partner', 'write', [ [14], { city => 'Ghent', street => 'Here 1' } ]);
    $site->trail->settle($admin);
    my ($event) = $site->trail->events(operation => 'settings_changed');

    is $event->{outcome}, 'success', 'the change is an event';
    is $event->{login}, 'admin', 'of who did it';
    is_deeply Client::decode_json($event->{values}),
        { redact => { old => [], new => ['city'] }, values => { old => undef, new => 'values' },
          idle_timeout => { old => undef, new => '30m' } }, 'with old and new values';
    my ($write) = $site->trail->events(operation => 'write', model => 'res.partner');

    unlike $write->{values}, qr/Ghent/, 'what is to be left out is';
    like $write->{values}, qr/Here 1/, 'and nothing else';
    return;
}

sub never_less ($site, $admin) {
    my %less = (
        values            => ['names', qr/httpd.conf says values/],
        idle_timeout      => ['2h', qr/httpd.conf says 1h/],
        max_lifetime      => ['2d', qr/httpd.conf says 1d/],
        max_user_sessions => [9, qr/httpd.conf says 5/],
        retention         => [['reads 1d'], qr/httpd.conf keeps read for 30d/],
        track             => [['dance *'], qr/no operation/],
        redact            => [['a b'], qr/no name of a field/],
        alerts            => [['dance to=managers'], qr/dance/],
    );

    for my $field (sort keys %less) {
        my ($value, $why) = @{ $less{$field} };
        my $answer = change($admin, { $field => $value });

        is $answer->{status}, 422, "$field: refused";
        like $answer->{errors}{$field}, $why, "$field: with the reason beside it";
    }
    is settings($admin)->{version}, 0, 'nothing of it was kept';
    is change($admin, { idle_timeout => '10m', max_user_sessions => 4, retention => ['reads 90d'],
        values => undef })->{status}, 200, 'more is taken';
    my $now = settings($admin)->{settings};

    is $now->{idle_timeout}{effective}, '10m', 'sooner';
    is $now->{max_lifetime}{effective}, '1d', 'what is not said stays';
    is $now->{max_user_sessions}{effective}, 4, 'fewer';
    return;
}

sub the_form ($site, $admin) {
    my $page = $admin->get($PAGE, Accept => 'text/html');
    my ($token) = $page->{body} =~ /name="csrf_token" value="([^"]+)"/;
    my ($version) = $page->{body} =~ /name="version" value="(\d+)"/;
    my %form = (csrf_token => $token, version => $version, track => "read <hr>\r\n", values => '');

    is $page->{status}, 200, 'the page is shown';
    my $wrong = $admin->post_form($PAGE, \%form, headers => [ Accept => 'text/html' ]);
    is $wrong->{status}, 422, 'a wrong form comes back';
    like $wrong->{body}, qr/read &lt;hr&gt;/, 'with what was written';
    like $wrong->{body}, qr/class="wrong">[^<]*no model/, 'and what is wrong with it';
    $form{track} = "read,search hr.*\r\n";
    is $admin->post_form($PAGE, \%form)->{status}, 303, 'a right one is taken';
    is $admin->post_form($PAGE, \%form)->{status}, 409, 'but not on top of what it did not know';
    is_deeply settings($admin)->{settings}{track}{page}, ['read,search hr.*'], 'and it holds';
    my $now = settings($admin)->{version};
    is $admin->post_form($PAGE, { csrf_token => $token, version => $now, reset => 1 })->{status}, 303, 'all back';
    is_deeply settings($admin)->{settings}{track}{page}, [], 'to what httpd.conf says';
    return;
}

sub tester ($site, $admin) {
    change($admin, { track => ['read,search hr.* !hr.leave'], redact => ['salary*'] });
    my %asked = (
        'model=hr.employee&operation=read'    => { logged => 1, from => 'this page', rule => 'read,search hr.* !hr.leave' },
        'model=hr.leave&operation=read'       => { logged => 0, from => 'this page' },
        'model=res.partner&operation=write'   => { logged => 1, from => 'httpd.conf' },
        'model=res.partner&method=web_save'   => { logged => 1, operation => 'write' },
        'model=res.partner&method=onchange'   => { logged => 0 },
        'model=res.partner&operation=search'  => { logged => 0 },
        'operation=login'                     => { logged => 1 },
        'field=salary_grade'                  => { redacted => 1, redacted_by => 'this page' },
        'field=password'                      => { redacted => 1, redacted_by => 'the built-in list' },
        'field=city'                          => { redacted => 0 },
    );

    for my $query (sort keys %asked) {
        my $test = settings($admin, "&$query")->{test};
        my $wanted = $asked{$query};
        my %got = map { $_ => ref $test->{$_} ? $test->{$_} ? 1 : 0 : $test->{$_} } keys %$wanted;

        is_deeply \%got, $wanted, "tester: $query";
    }
    like settings($admin, '&operation=dance')->{test}{answer}, qr/no such operation/, 'tester: a wrong word';
    is settings($admin)->{test}, undef, 'tester: nothing asked, nothing answered';
    return;
}

sub over_restarts ($site, $admin) {
    for my $restart (qw(graceful restart stop)) {
        if ($restart eq 'stop') {
            $site->httpd->stop;
            $site->httpd->start;
        }
        else {
            $site->httpd->$restart;
        }
        is_deeply settings($admin)->{settings}{redact}{effective}, ['salary*'], "kept over $restart";
        $admin->call_kw('hr.employee', 'read', [ [1], ['name'] ]);
    }
    $site->trail->settle($admin);
    is scalar $site->trail->events(operation => 'read', model => 'hr.employee'), 3, 'and obeyed';
    return;
}

sub broken_file ($site, $admin) {
    my $file = $site->httpd->state_dir . '/settings';

    $site->httpd->stop;
    open my $handle, '>', $file or die "$file: $!";
    print $handle '{"format":1,"sites":[{"site":"x"';
    close $handle;
    $site->httpd->allow(qr/the settings in .* cannot be read: it is no JSON/);
    $site->httpd->start;
    like $site->httpd->error_log, qr/the settings in \S+ cannot be read: it is no JSON; .*httpd\.conf alone/,
        'a broken file is told';
    my $now = settings($admin);
    is_deeply $now->{settings}{redact}{effective}, [], 'then httpd.conf alone holds';
    like $now->{notice}, qr/cannot be read/, 'and the page says so';
    is change($admin, { redact => ['x_*'] })->{status}, 200, 'saving replaces it';
    is_deeply settings($admin)->{settings}{redact}{effective}, ['x_*'], 'and it holds';
    return;
}

sub locked ($site, $admin) {
    $site->httpd->configure(vhost => "UserAuditSettings locked\n");
    $site->httpd->graceful;
    my $now = settings($admin);

    is $now->{status}, 200, 'locked: managers look at it';
    ok $now->{locked}, 'locked: and are told';
    is_deeply $now->{settings}{redact}{effective}, ['x_*'], 'locked: what was set stays in force';
    is change($admin, { redact => [] })->{status}, 403, 'locked: nobody changes it';
    unlike $admin->get($PAGE, Accept => 'text/html')->{body}, qr/type="submit">Save/, 'locked: no button';
    return;
}

# Set on the page alone: the session of one who does nothing ends, at the gate and in the list.
sub idle_by_the_page ($site, $victim) {
    my ($expired) = Process::wait_until(sub { $site->trail->events(operation => 'session_expired') });

    ok $expired, 'the keeper ends a session that is idle by what the page says';
    is $victim->call_kw('res.partner', 'read', [ [1] ])->{http}{status}, 401, 'and the gate refuses it';
    return;
}

# A session that was there when the page was told, used until it is refused.
sub lifetime_by_the_page ($site, $victim) {
    my $cookie = $victim->session_id;

    ok Process::wait_until(sub {
        $victim->session_id($cookie);
        return $victim->call_kw('res.partner', 'read', [ [1] ])->{http}{status} == 401;
    }), 'the gate refuses a session in use whose lifetime by what the page says is over';
    my ($expired) = $site->trail->wait_for(1, operation => 'session_expired', login => 'portal');
    is $expired->{values}, '{"reason":"lifetime"}', 'and the event says so';
    return;
}

my $living = Site->start(version => 18);
my $in_use = $living->login('portal');

is change($living->login('admin'), { max_lifetime => '60s' })->{status}, 200, 'a lifetime of a minute';

my $waiting = Site->start(version => 17, server => "UserAuditCleanupInterval 1s\n");
my $victim = $waiting->login('demo');

is change($waiting->login('admin'), { idle_timeout => '60s' })->{status}, 200, 'idle after a minute';

my $site  = Site->start(version => 18);
my $admin = $site->login('admin');

rights($site, $admin, $site->login('demo'));
on_record($site, $admin);
the_form($site, $admin);
tester($site, $admin);
over_restarts($site, $admin);
broken_file($site, $admin);
locked($site, $admin);
{
    my $strict = Site->start(version => 17, vhost =>
        "UserAuditIdleTimeout 1h\nUserAuditMaxLifetime 1d\nUserAuditMaxUserSessions 5\n");

    never_less($strict, $strict->login('admin'));
}
obeyed_by_every_child($_) for qw(event worker prefork);
idle_by_the_page($waiting, $victim);
lifetime_by_the_page($living, $in_use);
finish();
