#!/usr/bin/perl
# Logins of every kind, good and bad, and logout: events, and no password or cookie anywhere.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/lib";
use Client qw();
use File::Find qw(find);
use Site;
use Test::More;

sub by_form ($site, $version) {
    my $client = $site->client;

    $client->login('admin', 'wrong-Pa55word');
    $client->login('admin', 'admin');
    my ($failed) = $site->trail->wait_for(1, operation => 'login_failed');
    my ($login)  = $site->trail->wait_for(1, operation => 'login');
    my ($named)  = $site->trail->wait_for(1, operation => 'session_identified');

    is $failed->{login},   'admin',  "$version: the login that was tried";
    is $failed->{outcome}, 'denied', "$version: and refused";
    is $login->{login},    'admin',  "$version: the login that went through";
    is $login->{outcome}, 'success', "$version: as a success";
    is $named->{session}, $login->{session}, "$version: the page names the same session";
    is $named->{uid}, 2, "$version: with Odoo's own uid";
    like $named->{values}, qr/"login":"admin"/, "$version: which stands in what is hashed";
    return $client;
}

sub by_json ($site, $version) {
    my $client = $site->client;

    $client->authenticate('demo', 'bad-Pa55word');
    $client->authenticate('demo', 'demo');
    my ($failed) = $site->trail->wait_for(1, operation => 'login_failed', login => 'demo');
    my ($login)  = $site->trail->wait_for(1, operation => 'login',        login => 'demo');

    is $failed->{error}, 'odoo.exceptions.AccessDenied', "$version: by JSON, refused";
    like $login->{uid}, qr/^\d+$/, "$version: by JSON, with the uid of the answer";
    return $client;
}

sub logout ($site, $client, $json, $version) {
    my ($session) = map { $_->{session} } $site->trail->events(operation => 'login', login => 'admin');

    $client->get('/web/session/logout');
    my ($logout) = $site->trail->wait_for(1, operation => 'logout', login => 'admin');
    is $logout->{session}, $session, "$version: logout of that session";

    $json->rpc('/web/session/destroy', {});
    ok $site->trail->wait_for(1, operation => 'logout', login => 'demo'), "$version: destroy";
    return;
}

sub second_factor ($site, $version) {
    my $client = $site->client;

    $client->login('totp', 'totp');
    $site->trail->settle($client);
    is scalar($site->trail->events(operation => 'login', login => 'totp')), 0,
        "$version: a password alone is no login where a second factor is asked for";
    return;
}

sub nothing_secret ($site, $version, @secrets) {
    my @found;
    my $look = sub {
        return unless -f $_ && open my $file, '<:raw', $_;
        my $content = do { local $/; <$file> } // '';

        push @found, $File::Find::name if grep { index($content, $_) >= 0 } @secrets;
    };

    find($look, $site->httpd->root);
    is "@found", '', "$version: no password and no cookie in any file";
    return;
}

for my $version (16 .. 19) {
    my $site   = Site->start(version => $version);
    my $client = by_form($site, $version);
    my $json   = by_json($site, $version);
    my @cookies = ($client->session_id, $json->session_id);

    logout($site, $client, $json, $version);
    second_factor($site, $version);
    nothing_secret($site, $version, @cookies, 'wrong-Pa55word', 'bad-Pa55word');
}
finish();
