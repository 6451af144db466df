#!/usr/bin/perl
# Several machines on one PostgreSQL: one list of sessions, ended on one and refused on all.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/lib";
use Client qw();
use Postgres;
use Process ();
use Sessions;
use Site;
use Standin;
use Test::More;
use Time::HiRes qw(sleep time);

my $SITE = "UserAuditSite shop\n";
my $IDLE = 12;
my $database = Postgres->start or plan skip_all => 'PostgreSQL is not installed';
my $odoo = Standin->start(version => 18);

sub directives ($node) {
    return "UserAuditNode $node\nUserAuditCleanupInterval 1s\nUserAuditDatabase pgsql \"" . $database->words . "\"\n";
}

sub machine ($node, %options) {
    return Site->start(odoo => $odoo, vhost => $SITE, server => directives($node),
        allow => [ qr/database cannot be (?:reached|written)/, qr/cannot open the pgsql database/ ], %options);
}

# The same browser, by the other machine.
sub through ($site, $client) { return $site->client(cookies => { %{ $client->{cookies} } }) }

sub key ($site) {
    open my $file, '<', $site->httpd->state_dir . '/site.key' or return '';
    return <$file>;
}

sub idle_time ($site, $directive = '') { return $site->httpd->configure(vhost => $SITE . $directive) }

# However long the machines take to tell each other.
sub comes_about ($what, $condition) { return ok(Process::wait_until($condition), $what) }

# A page may show a session some seconds before its machine has heard enough of it to end it.
sub end_there ($client, $login, %more) {
    return Process::wait_until(sub { open_row($client, $login) && end_session($client, $login, %more) == 200 });
}

sub settings ($client) {
    return Client::decode_json($client->get('/audit-admin/settings?format=json')->{body});
}

sub set ($client, %settings) {
    my $now = settings($client);
    return $client->post_json('/audit-admin/settings',
        { csrf_token => $now->{csrf_token}, version => $now->{version}, settings => \%settings })->{status};
}

sub on_page ($client, $setting) { return settings($client)->{settings}{$setting}{page} // '' }

my ($one, $two) = map { machine($_) } qw(one two);
is(key($one), key($two), 'the second machine took the key of the first');

# ---- one list ----
my ($admin, $demo) = map { $one->login($_) } qw(admin demo);
my $there = through($two, $admin);
comes_about('a session of one machine is listed on the other, with its name', sub { open_row($there, 'demo') });

# ---- ended on one, refused on the other ----
ok(end_there($there, 'demo', reason => 'stolen'), 'ended there');
is(status_of(through($two, $demo)), 401, 'refused there at once');
comes_about('and where it began', sub { status_of($demo) == 401 });

# ---- settings ----
is(set($admin, redact => ['city']), 200, 'set on one machine');
comes_about('in force on the other', sub { "@{ on_page($there, 'redact') || [] }" eq 'city' });
$there->call_kw('res.partner', 'write', [ [1], { city => 'Ghent' } ]);
comes_about('and obeyed there', sub { $database->query("SELECT 1 FROM events WHERE values_json LIKE '%city%redacted%'") });
is(set($there, redact => [ 'city', 'street' ]), 200, 'changed on the other');
comes_about('and back: the newest counts', sub { "@{ on_page($admin, 'redact') }" eq 'city street' });

# ---- a last action on one counts on the other ----

# A session that began on the first machine and is in use on the second alone for longer than it may be
# idle, with what the first one answers then. Nothing if this test was held up so long that it was idle.
sub used_on_the_second () {
    my $portal = $one->login('portal');
    my $began = my $last = time;

    while (time - $began < $IDLE + 2) {
        status_of(through($two, $portal));
        return if time - $last > $IDLE / 3;
        $last = time;
        sleep 0.5;
    }
    my $status = status_of($portal);
    return time - $last > $IDLE / 3 ? () : ($portal, $status);
}

idle_time($_, "UserAuditIdleTimeout ${IDLE}s\n")->graceful for $one, $two;
my ($portal, $status);
($portal, $status) = used_on_the_second() while !$portal;
is($status, 200, 'in use on the second machine alone it is not idle on the first');
my ($session) = map { $_->{session} }
    $database->query("SELECT session FROM events WHERE operation = 'login' AND login = 'portal' ORDER BY id DESC LIMIT 1");
my $expired = sub { $database->query("SELECT node FROM events WHERE operation = 'session_expired' AND session = '$session'") };
comes_about('cleanup ends it', $expired);
comes_about('idle on both', sub { status_of($portal) == 401 && status_of(through($two, $portal)) == 401 });

# ---- without the database ----
idle_time($_)->graceful for $one, $two;
($admin, $demo) = map { $one->login($_) } qw(admin demo);
my $elsewhere = $two->login('portal');
$there = through($two, $admin);
comes_about('each is listed on both', sub { open_row($admin, 'portal') && open_row($there, 'demo') });
$database->stop;
$two->httpd->stop;
$two->httpd->start;
is(status_of(through($two, $demo)), 200, 'without the database the second machine lets in whom it knew');
is(end_session($admin, 'demo'), 200, 'an end without the database');
is(status_of($demo), 401, 'holds here');
$one->httpd->stop;
idle_time($one, "UserAuditIdleTimeout 1s\n")->start;
is(status_of($demo), 401, 'over a full restart');
sleep 2;
is(status_of(through($one, $elsewhere)), 200, 'a session last seen elsewhere is not ended for being idle');
idle_time($one)->graceful;
$database->resume;
ok(Process::wait_until(sub { status_of(through($two, $demo)) == 401 }), 'the end is told when the database is back');
$demo->login('demo', 'demo');
is(status_of($demo), 200, 'logged in again in the same browser');
# By now each machine was stopped, and what its journal held then is stored.
is(scalar(my @once = $expired->()), 1, 'one event of both machines told of the session that was idle on both');

# ---- everybody ----
$admin = $one->login('admin');
is(post_page($admin, '/site/revoke', reason => 'incident')->{status}, 200, 'everybody is ended on one machine');
is(status_of($demo), 401, 'out here');
comes_about('and there', sub { status_of(through($two, $demo)) == 401 });

# ---- a machine with a key of its own ----
my $three = machine('three', server => '', allow => [ qr/belongs to machines with another key/ ]);
isnt(key($three), key($one), 'a machine that ran alone has a key of its own');
$three->httpd->stop;
$three->httpd->configure(server => directives('three'))->start;
comes_about('it tells so', sub { $three->httpd->error_log =~ /belongs to machines with another key than/ });
$demo->login('demo', 'demo');
$admin = $one->login('admin');
ok(end_there($admin, 'demo'), 'an end on another machine');
comes_about('holds where they agree', sub { status_of(through($two, $demo)) == 401 });
is(status_of(through($three, $demo)), 200, 'and not there, as it tells');
my ($mend) = $three->httpd->error_log =~ /stop httpd, remove (.*?) from that folder, and start again/;
is($mend, 'site.key, sessions and revoked', 'with the way to mend it');
$three->httpd->stop;
unlink map { $three->httpd->state_dir . "/$_" } split /, | and /, $mend;
$three->httpd->start;
is(key($three), key($one), 'which gives it the key of the others');
comes_about('and their ends', sub { status_of(through($three, $demo)) == 401 });
finish();
