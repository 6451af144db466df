#!/usr/bin/perl
# Logging out one's devices is a call, and "devices_revoked" once Odoo did it, be it at once or behind
# the dialog that asks for the password; the dialog itself and a wrong password revoke nothing. So it is
# with a password of one's own.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/lib";
use Client qw();
use Site;
use Test::More;

sub revoked ($site) {
    $site->trail->settle($site->client);
    return map { "$_->{method} $_->{outcome}" } $site->trail->events(operation => 'devices_revoked');
}

sub button ($client, $model, $method, $ids, $context = {}) {
    return $client->rpc('/web/dataset/call_button',
        { model => $model, method => $method, args => [$ids], kwargs => { context => $context } });
}

# Answers the dialog as the web client of 18 (password in the record) and 19 (in the context) does.
sub answer ($client, $dialog, $password) {
    my $check = $dialog->{result}{res_id};

    $client->call_kw('res.users.identitycheck', 'web_save', [ [$check], { password => $password } ], { specification => {} });
    return button($client, 'res.users.identitycheck', 'run_check', [$check], { password => $password });
}

sub with_devices ($site, $version) {
    my $client = $site->login('demo');
    my $dialog = button($client, 'res.device', 'revoke', [3]);

    is $dialog->{result}{res_model}, 'res.users.identitycheck', "$version: Odoo asks who it is";
    ok answer($client, $dialog, 'wrong')->{error}, "$version: a wrong password";
    is_deeply [ revoked($site) ], [], "$version: nothing is revoked so far";
    answer($client, $dialog, 'demo');
    is_deeply [ revoked($site) ], ['revoke success'], "$version: revoked once the password was right";
    button($client, 'res.device', 'revoke', [3]);
    button($client, 'res.users', 'action_revoke_all_devices', [6]);
    $client->call_kw('res.device', 'revoke', [ [3] ]); # None, where a button answers false
    is_deeply [ revoked($site) ],
        [ 'revoke success', 'revoke success', 'action_revoke_all_devices success', 'revoke success' ],
        "$version: at once while the password still counts";
    my ($continued) = map { $_->{values} =~ /"continues": ?"(\w+)"/ }
        $site->trail->events(operation => 'session_identified', login => 'demo');
    is_deeply [ map { $_->{values} } $site->trail->events(operation => 'session_expired', session => $continued) ],
        ['{"reason":"odoo"}'], "$version: the check gave the session another id, and the first one is over";
    my ($event) = $site->trail->events(operation => 'devices_revoked');
    my @calls = $site->trail->events(operation => 'call', method => 'revoke');
    is $event->{login}, 'demo', "$version: by whom";
    is $event->{channel}, 'module', "$version: told by the module";
    is_deeply [ map { "$_->{record_ids} $_->{outcome}" } @calls ], [ ('3 success') x 3 ],
        "$version: besides the calls, with the device";
    return;
}

# Of the device that asks Odoo logs the session out in the same answer, whose cookie is nobody's.
sub own_device ($site, $version, $confirmed) {
    my $client = $site->login('admin');
    my $about = "$version: one's own device, " . ($confirmed ? 'at once' : 'behind the check');

    answer($client, button($client, 'res.users', 'api_key_wizard', [2]), 'admin') if $confirmed;
    $site->trail->settle($site->client);
    my ($session) = map { $_->{session} } ($site->trail->events(operation => 'session_identified', login => 'admin'))[-1];
    my $before = () = $site->trail->events(operation => 'session_started');
    my $dialog = button($client, 'res.device', 'revoke', [1]);
    answer($client, $dialog, 'admin') if !$confirmed;
    $site->trail->settle($site->client);
    is scalar(() = $site->trail->events(operation => 'session_started')), $before, "$about: a visitor's cookie begins no session";
    my @over = $site->trail->events(operation => 'session_expired', session => $session);
    is_deeply [ map { $_->{values} } @over ], ['{"reason":"logout"}'], "$about: the session is over, and why";
    my @revoked = $site->trail->events(operation => 'devices_revoked', session => $session);
    is_deeply [ map { "$_->{login} $_->{method}" } @revoked ], ['admin revoke'], "$about: told of the session that did it";
    my @calls = $site->trail->events(method => $confirmed ? 'revoke' : 'run_check', session => $session, operation => 'call');
    is $calls[-1]{outcome}, 'success', "$about: and so is the call";
    return;
}

# The check of something else is no revocation, nor is the same number in another session's dialog.
sub another_check ($site, $version) {
    my $client = $site->login('admin');
    my $dialog = button($client, 'res.users', 'api_key_wizard', [2]);
    my $before = () = revoked($site);

    answer($client, $dialog, 'admin');
    is scalar(() = revoked($site)), $before, "$version: the check before an API key revokes nothing";
    return;
}

# A password of one's own by the dialog of 16 to 19: at once, and behind the check.
sub own_password ($site, $version) {
    my $client = $site->login('demo');
    my $wizard = $client->call_kw('change.password.own', 'create', [ { new_password => 'demo', confirm_password => 'demo' } ])->{result};
    my $told = sub {
        $site->trail->settle($site->client);
        return [ map { "$_->{method} $_->{login} $_->{outcome}" } $site->trail->events(operation => 'password_changed') ];
    };
    my $dialog = button($client, 'change.password.own', 'change_password', [$wizard]);

    is $dialog->{result}{res_model}, 'res.users.identitycheck', "$version: Odoo asks who changes a password";
    is_deeply $told->(), [], "$version: and has changed none";
    is_deeply [ map { $_->{operation} } $site->trail->events(method => 'change_password') ], ['call'], "$version: that was a call";
    answer($client, $dialog, 'demo');
    is_deeply $told->(), ['change_password demo success'], "$version: the password was changed behind the check";

    $client = $site->login('demo');
    answer($client, button($client, 'res.users', 'api_key_wizard', [6]), 'demo');
    $wizard = $client->call_kw('change.password.own', 'create', [ { new_password => 'demo', confirm_password => 'demo' } ])->{result};
    button($client, 'change.password.own', 'change_password', [$wizard]);
    is_deeply $told->(), [ ('change_password demo success') x 2 ], "$version: and at once where that was lately";
    return;
}

sub with_a_password ($site, $version) {
    my $client = $site->login('demo');
    my $check = $client->call_kw('res.users.identitycheck', 'web_save', [ [], { password => 'demo' } ],
        { specification => {} })->{result}[0]{id};

    button($client, 'res.users.identitycheck', 'revoke_all_devices', [$check]);
    is_deeply [ revoked($site) ], ['revoke_all_devices success'], "$version: revoked by the check itself";
    return;
}

for my $version (16 .. 19) {
    my $site = Site->start(version => $version);

    with_a_password($site, $version) if $version == 17;
    with_devices($site, $version) if $version >= 18;
    own_device($site, $version, $_) for $version >= 18 ? (0, 1) : ();
    another_check($site, $version);
    own_password($site, $version) if $version != 17;
    $site->odoo->stop;
}

finish();
