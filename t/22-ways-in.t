#!/usr/bin/perl
# Every way to a session that is not a password in a form: a second factor with a code or a trusted
# device, passkey, OAuth, sign-up, a password set anew. Each is a login, in a session of its own, once.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/lib";
use Client qw();
use Process ();
use Site;
use Test::More;
use Time::HiRes qw(sleep);

my ($site, $version, $admin);

sub token_of ($answer) {
    return ($answer->{body} =~ /name="csrf_token"\s+value="([^"]+)"/)[0] // die 'no form';
}

# As a browser: fills in the form of that page and follows where it leads.
sub fill_in ($client, $path, $action, %fields) {
    my $answer = $client->post_form($action, { csrf_token => token_of($client->get($path)), %fields });

    return follow($client, $answer);
}

sub follow ($client, $answer) {
    my $target = Client::header($answer, 'Location') // return $answer;
    return $client->get($target =~ s{^https?://[^/]+}{}r);
}

sub code {
    my $lib = "$FindBin::Bin/lib";
    my $code = `python3 -c 'import sys; sys.path.insert(0, "$lib")
from standin import data, totp
print(totp.code(data.TOTP_SECRET))'`;
    chomp $code;
    return $code;
}

# The session of this login, and that it began, was named and is listed: each once.
sub one_login ($what, %expected) {
    my $count = delete $expected{count} // 1;
    my ($named) = ($site->trail->wait_for($count, operation => 'session_identified', login => $expected{login}))[-1];
    my $session = $named->{session};
    my %events;

    push @{ $events{ $_->{operation} } }, $_ for $site->trail->events(session => $session);
    is scalar @{ $events{session_started} // [] }, 1, "$version: $what begins one session";
    is scalar @{ $events{session_identified} // [] }, 1, "$version: $what: which is named once";
    is scalar @{ $events{login} // [] }, $expected{no_login} ? 0 : 1, "$version: $what: one login" if !$expected{other};
    is $events{login}[0]{login}, $expected{login}, "$version: $what: of whom the first step was" if $expected{steps};
    is scalar @{ $events{ $expected{other} } // [] }, 1, "$version: $what: one $expected{other}" if $expected{other};
    is $named->{user}, $expected{name}, "$version: $what: with the name";
    cmp_ok $named->{uid}, '>', 0, "$version: $what: and the uid";
    my $list = Client::decode_json($admin->get('/audit-admin/sessions?format=json&state=open')->{body});
    is scalar(grep { $_->{reference} eq $session && $_->{login} eq $expected{login} } @{ $list->{sessions} }), 1,
        "$version: $what: and listed as open";
    return $session;
}

# Until Odoo is asked who it is, after 5 seconds: somebody who saw no page with a name in it.
sub use_until_named ($client, $login) {
    Process::wait_until(sub {
        $client->call_kw('res.partner', 'read', [ [1], ['name'] ]);
        sleep 0.5;
        return $site->trail->events(operation => 'session_identified', login => $login);
    });
    return;
}

sub second_factor {
    my $client = $site->client(agent => 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0');

    $client->login('totp', 'totp');
    my $before = $client->session_id;
    fill_in($client, '/web/login/totp', '/web/login/totp', totp_token => '000000');
    my ($failed) = $site->trail->wait_for(1, operation => 'login_failed');
    is $failed->{outcome}, 'denied', "$version: a wrong code is a failed login";
    is $failed->{login}, 'totp', "$version: of whom the password was";
    fill_in($client, '/web/login/totp', '/web/login/totp', totp_token => code(), remember => 1);
    isnt $client->session_id, $before, "$version: the code brings another id";
    ok $client->cookie('td_id'), "$version: and the device is trusted";
    my $first = one_login('a second factor', steps => 2, login => 'totp', name => 'Tara Totp');

    $client->get('/web/session/logout');
    $client->login('totp', 'totp');    # leads to the second factor, which a GET passes by
    $client->get($version < 18 ? '/web' : '/odoo');
    my $second = one_login('a trusted device', steps => 2, login => 'totp', name => 'Tara Totp', count => 2);
    isnt $second, $first, "$version: in a session of its own";
    return;
}

# Odoo falls over the note of a browser that it has no name for, and the person is in all the same.
sub fallen_second_factor {
    my $client = $site->client;

    $client->login('totp', 'totp');
    is fill_in($client, '/web/login/totp', '/web/login/totp', totp_token => code(), remember => 1)->{status}, 500,
        "$version: an error behind the second factor";
    my ($login) = $site->trail->wait_for(1, operation => 'login', outcome => 'unknown');
    is "$login->{login} $login->{flags}", 'totp new_session', "$version: is a login of which nothing more is known";
    is scalar(() = $site->trail->events(operation => 'login_failed', login => 'totp')), 1, "$version: and none that failed";
    $client->get($version < 18 ? '/web' : '/odoo');
    one_login('such a login', login => 'totp', name => 'Tara Totp', count => 3, no_login => 1);
    return;
}

sub passkey {
    my $client = $site->client;
    my $start = $client->rpc('/auth/passkey/start-auth', {});

    fill_in($client, '/web/login', '/web/login', type => 'webauthn', login => '', password => '',
        webauthn_response => Client::encode_json({ id => 'demo', challenge => $start->{result}{challenge} }));
    one_login('a passkey', login => 'demo', name => 'Marc Demo');
    return $client;
}

sub oauth ($count) {
    my $client = $site->client;

    $client->get('/auth_oauth/signin');
    is Client::header($client->get('/auth_oauth/signin?state=%7B%7D&access_token=wrong'), 'Location'),
        '/web/login?oauth_error=3', "$version: OAuth with a wrong token fails";
    my $answer = $client->get('/auth_oauth/signin?state=%7B%22d%22%3A%22odoo%22%7D&access_token=oauth-demo');
    follow($client, $answer);
    my ($failed) = $site->trail->wait_for(1, operation => 'login_failed', path => '/auth_oauth/signin');
    is $failed->{outcome}, 'failed', "$version: which is a failed login";
    one_login('OAuth', login => 'demo', name => 'Marc Demo', count => $count);
    return;
}

sub sign_up {
    my $client = $site->client;
    my %fields = (login => 'newcomer@example.com', name => 'Nora Newcomer', password => 'Pa55-of-nora');

    fill_in($client, '/web/signup', '/web/signup', %fields, confirm_password => 'other');
    fill_in($client, '/web/signup', '/web/signup', %fields, confirm_password => $fields{password});
    use_until_named($client, $fields{login});
    one_login('a sign-up', login => $fields{login}, name => $fields{name}, other => 'create');
    my ($failed) = grep { $_->{outcome} ne 'success' } $site->trail->events(operation => 'create', model => 'res.users');
    is $failed->{record_ids}, '', "$version: one that failed made nobody";
    return;
}

sub reset_password {
    my $client = $site->client;

    fill_in($client, '/web/reset_password', '/web/reset_password', login => 'portal');
    fill_in($client, '/web/reset_password', '/web/reset_password', token => 'reset-portal', login => 'portal',
        password => 'Pa55-of-joel', confirm_password => 'Pa55-of-joel');
    if ($version >= 19) {
        $site->trail->settle($site->client);
        is scalar($site->trail->events(operation => 'session_started', login => 'portal')), 0,
            "$version: a password set anew logs nobody in";
        return;
    }
    use_until_named($client, 'portal');
    my @calls = $site->trail->events(method => 'reset_password');
    is scalar @calls, 2, "$version: both steps of a new password are on record";
    one_login('a new password', login => 'portal', name => 'Joel Willis', no_login => 1);
    return;
}

for (16, 18, 19) {
    $version = $_;
    $site  = Site->start(version => $version);
    $admin = $site->login('admin');
    second_factor();
    fallen_second_factor() if $version != 19;
    passkey() if $version >= 18;
    oauth($version >= 18 ? 2 : 1);
    sign_up() if $version != 19;
    reset_password();
    my @files = glob $site->httpd->state_dir . '/*';
    for my $secret ('Pa55-of', 'oauth-demo', 'reset-portal') {
        is `grep -rlF -- $secret @files 2>/dev/null`, '', "$version: $secret stands nowhere";
    }
}
finish();
