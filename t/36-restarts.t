#!/usr/bin/perl
# An ended session stays so whatever dies: the parent, the keeper, a child, the database file.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/lib";
use Client qw();
use IO::Socket::IP;
use Process ();
use Sessions;
use Site;
use Test::More;

sub gone (@pids) {
    return Process::wait_until(sub { !grep { kill 0, $_ } @pids });
}

my $site = Site->start(version => 18, server => "UserAuditCleanupInterval 1s\nGracefulShutdownTimeout 60\n",
    vhost => "UserAuditMaxUserSessions 2\nUserAuditIdleTimeout 400d\n",
    allow => [ qr/the keeper \(pid \d+\) died/, qr/AH0005[12]/, qr/AH00098/, qr/checkpoint \d+ in .* attests/ ]);
my ($admin, $demo, $portal) = map { $site->login($_) } qw(admin demo portal);
my @limited = map { $site->login('demo') } 1 .. 2;
my @ended = ($demo, $portal);

is(status_of($demo), 401, 'one is ended by the limit');
is(end_session($admin, 'portal'), 200, 'one by a manager');
is(status_of($portal), 401, 'refused');

sub nobody_listens { return !IO::Socket::IP->new(PeerHost => '127.0.0.1', PeerPort => $site->httpd->port) }

sub all_refused ($when) {
    is_deeply([ map { status_of($_) } @ended ], [ (401) x @ended ], "refused $when");
    is_deeply([ map { status_of($_) } @limited ], [ 200, 200 ], "others go on $when");
    return;
}

# ---- a child ----
my @children = $site->httpd->child_pids;
my ($keeper) = grep { open my $name, '<', "/proc/$_/comm" or return; <$name> =~ /audit-keeper/ } @children;
kill 'KILL', grep { $_ != $keeper } @children;
ok(Process::wait_until(sub { eval { status_of($portal) } }), 'served again after all children were killed');
all_refused('after the death of all children');

# ---- the keeper ----
kill 'KILL', $keeper;
gone($keeper);
all_refused('after the death of the keeper');

# ---- the parent ----
my @orphans = $site->httpd->crash;
kill 'KILL', @orphans;
ok(Process::wait_until(\&nobody_listens), 'nobody serves any more');
$site->httpd->start;
all_refused('after the death of the parent');

# ---- the database, and the list of sessions ----
$site->httpd->stop;
unlink glob $site->httpd->database . '*';
unlink $site->httpd->state_dir . '/sessions';
$site->httpd->start;
is_deeply([ map { status_of($_) } @ended ], [ (401) x @ended ], 'refused after the loss of database and list');
is_deeply([ map { status_of($_) } @limited ], [ 200, 200 ], 'who was logged in is known anew');

# ---- a graceful restart ----
$site->httpd->graceful;
all_refused('after a graceful restart');

# ---- a graceful stop, and a start while the last call still runs ----
my $slow = $limited[0]->connect;
$limited[0]->send_request($slow, 'POST', '/web/dataset/call_kw', body => Client::encode_json(
        $limited[0]->envelope({ model => 'res.partner', method => 'read', args => [ [1], ['name'] ], kwargs => {} })),
    headers => [ 'Content-Type' => 'application/json', 'X-Standin-Delay' => 5 ]);
my $stopping = $site->httpd->process;
ok(Process::wait_until(sub { $site->odoo->state->{delayed} }), 'a call is at Odoo');
$stopping->signal('WINCH');
ok(Process::wait_until(sub { !-e $site->httpd->root . '/httpd.pid' && nobody_listens() }), 'a graceful stop has begun');
ok($stopping->is_running, 'the call is not over');
$site->httpd->start;
ok(!$stopping->is_running, 'the start waited for the end of the one before');
is($limited[0]->read_response($slow, 'POST')->{status}, 200, 'whose last call got its answer');
all_refused('after a graceful stop');
finish();
