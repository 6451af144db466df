#!/usr/bin/perl
# Several machines on one PostgreSQL: one list of sessions, ended on one and refused on all.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/lib";
use Client qw();
use Postgres;
use Process ();
use Site;
use Standin;
use Test::More;
use Time::HiRes qw(sleep time);

my $database = Postgres->start or plan skip_all => 'PostgreSQL is not installed';
my $odoo = Standin->start(version => 18);

sub machine ($node, $vhost = '') {
    return Site->start(odoo => $odoo, vhost => "UserAuditSite shop\n$vhost",
        allow => [ qr/database cannot be (?:reached|written)/, qr/cannot open the pgsql database/ ],
        server => "UserAuditNode $node\nUserAuditCleanupInterval 1s\nUserAuditDatabase pgsql \"" . $database->words . "\"\n");
}

# The same browser, by the other machine.
sub through ($site, $client) { return $site->client(cookies => { %{ $client->{cookies} } }) }

sub status_of ($client) {
    my $cookie = $client->session_id;
    my $answer = $client->call_kw('res.partner', 'read', [ [1], ['name'] ]);

    $client->session_id($cookie) if defined $cookie;
    return $answer->{http}{status};
}

sub sessions ($client) {
    return Client::decode_json($client->get('/audit-admin/sessions?format=json&state=all')->{body});
}

sub post ($client, $path, %more) {
    return $client->post_json("/audit-admin$path", { csrf_token => sessions($client)->{csrf_token}, %more });
}

sub row ($client, $login, $state = 'open') {
    return (grep { ($_->{login} // '') eq $login && $_->{state} eq $state } @{ sessions($client)->{sessions} })[0];
}

sub key ($site) {
    open my $file, '<', $site->httpd->state_dir . '/site.key' or return '';
    return <$file>;
}

my $IDLE = 16;
my ($one, $two) = map { machine($_, "UserAuditIdleTimeout ${IDLE}s\n") } qw(one two);
is(key($one), key($two), 'the second machine took the key of the first');

# ---- one list ----
my ($admin, $demo, $portal) = map { $one->login($_) } qw(admin demo portal);
my $there = through($two, $admin);
my $row = Process::wait_until(sub { row($there, 'demo') });
ok($row, 'a session of one machine is listed on the other, with its name');

# ---- ended on one, refused on the other ----
is(post($there, "/sessions/$row->{reference}/revoke", reason => 'stolen')->{status}, 200, 'ended there');
is(status_of(through($two, $demo)), 401, 'refused there at once');
ok(Process::wait_until(sub { status_of($demo) == 401 }), 'and where it began');

# ---- a last action on one counts on the other ----
my $until = time + $IDLE + 2;
while (time < $until) {
    is(status_of(through($two, $portal)), 200, 'in use on the second machine alone');
    status_of($_) for $admin, $there;
    sleep 2;
}
is(status_of($portal), 200, 'so it is not idle on the first');
ok(Process::wait_until(sub { status_of($_) for $admin, $there;
            $database->query("SELECT 1 FROM events WHERE operation = 'session_expired'") }), 'cleanup ends it');
is_deeply([ map { status_of($_) } $portal, through($two, $portal) ], [ 401, 401 ], 'and idle on both');
is(scalar(grep { $_->{login} eq 'portal' }
        $database->query("SELECT * FROM events WHERE operation = 'session_expired'")), 1, 'one event tells it');

# ---- settings ----
sub settings ($client) {
    return Client::decode_json($client->get('/audit-admin/settings?format=json')->{body});
}

sub set ($client, %settings) {
    my $now = settings($client);
    return $client->post_json('/audit-admin/settings',
        { csrf_token => $now->{csrf_token}, version => $now->{version}, settings => \%settings })->{status};
}

sub redacted ($client) { return join ' ', @{ settings($client)->{settings}{redact}{page} } }

($admin) = map { $one->login($_) } qw(admin);
$there = through($two, $admin);
is(set($admin, redact => ['city']), 200, 'set on one machine');
ok(Process::wait_until(sub { redacted($there) eq 'city' }), 'in force on the other');
$there->call_kw('res.partner', 'write', [ [1], { city => 'Ghent' } ]);
ok(Process::wait_until(sub { $database->query("SELECT 1 FROM events WHERE values_json LIKE '%city%redacted%'") }),
    'and obeyed there');
is(set($there, redact => [ 'city', 'street' ]), 200, 'changed on the other');
ok(Process::wait_until(sub { redacted($admin) eq 'city street' }), 'and back: the newest counts');

# ---- without the database ----
($admin, $demo) = map { $one->login($_) } qw(admin demo);
$there = through($two, $admin);
Process::wait_until(sub { row($there, 'demo') });
my $elsewhere = $two->login('portal');
Process::wait_until(sub { row($admin, 'portal') });
$database->stop;
my ($reference) = $row->{reference};
$two->httpd->stop;
$two->httpd->start;
is(status_of(through($two, $demo)), 200, 'without the database the second machine lets in whom it knew');
my $list = sessions($admin);
my ($own) = grep { ($_->{login} // '') eq 'demo' && $_->{state} eq 'open' } @{ $list->{sessions} };
is($admin->post_json("/audit-admin/sessions/$own->{reference}/revoke", { csrf_token => $list->{csrf_token} })->{status},
    200, 'an end without the database');
is(status_of($demo), 401, 'holds here');
$one->httpd->stop;
$one->httpd->start;
is(status_of($demo), 401, 'over a full restart');
sleep $IDLE + 1;
is(status_of(through($one, $elsewhere)), 200, 'a session last seen elsewhere is not ended for being idle');
$database->resume;
ok(Process::wait_until(sub { status_of(through($two, $demo)) == 401 }), 'the end is told when the database is back');
$demo->login('demo', 'demo');
is(status_of($demo), 200, 'logged in again in the same browser');

# ---- everybody ----
($admin) = map { $one->login($_) } qw(admin);
is(post($admin, '/site/revoke', reason => 'incident')->{status}, 200, 'everybody is ended on one machine');
is(status_of($demo), 401, 'out here');
ok(Process::wait_until(sub { status_of(through($two, $demo)) == 401 }), 'and there');
finish();
