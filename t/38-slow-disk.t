#!/usr/bin/perl
# While a child still forces an end to disk, the keeper finds it there and puts it into force. It is told
# all the same, once, and so is the return of a program.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/lib";
use File::Temp qw(tempdir);
use Process ();
use Sessions;
use Site;
use Test::More;

my $shim = tempdir('held-sync-XXXXXX', TMPDIR => 1, CLEANUP => 1) . '/held_sync.so';
system('cc', '-D_GNU_SOURCE', '-shared', '-fPIC', '-o', $shim, "$FindBin::Bin/lib/held_sync.c", '-ldl') == 0 or die 'no compiler';
chmod 0755, $shim =~ s{/[^/]*$}{}r;
$ENV{HTTPD_PRELOAD} = join ' ', grep { defined } $ENV{HTTPD_PRELOAD}, $shim;

my $site = Site->start(version => 18, allow => [ qr/AH0(?:1095|2608|1097)/ ]);
my ($admin, $demo) = map { $site->login($_) } qw(admin demo);
my $hold = $site->httpd->state_dir . '/revoked.hold';

# The answer to that POST, which the disk holds up until the condition is true.
sub held_up ($path, $condition, $what) {
    my $token = list($admin)->{csrf_token};
    my $socket = $admin->connect;

    open my $file, '>', $hold or die "$hold: $!";
    close $file;
    $admin->send_request($socket, 'POST', "/audit-admin$path", body => Client::encode_json({ csrf_token => $token }),
        headers => [ 'Content-Type' => 'application/json' ]);
    ok(Process::wait_until($condition), $what);
    unlink $hold;
    return $admin->read_response($socket, 'POST')->{status};
}

# ---- an end ----
my $row = open_row($admin, 'demo');
is(held_up("/sessions/$row->{reference}/revoke", sub { status_of($demo) == 401 }, 'the keeper ends it first'), 200, 'ended');
my ($told) = $site->trail->wait_for(1, operation => 'session_revoked', session => $row->{reference});
like($told->{values}, qr/"by":"admin"/, 'it is told, by whom');

# ---- a program, and its return ----
my $program = $site->client;
my $call = sub {
    my $args = [ 'odoo', 2, 'admin', 'res.partner', 'read', [ [1], ['name'] ] ];
    return $program->rpc('/jsonrpc', { service => 'object', method => 'execute_kw', args => $args })->{http}{status};
};

is($call->(), 200, 'a program calls');
my ($key) = map { $_->{reference} } grep { $_->{reference} ne open_row($admin, 'admin')->{reference} && $_->{state} eq 'open' }
    @{ list($admin)->{sessions} };
is(held_up("/sessions/$key/revoke", sub { $call->() == 401 }, 'the keeper ends it first'), 200, 'ended');
is(held_up("/sessions/$key/lift", sub { $call->() == 200 }, 'the keeper lets it in first'), 200, 'let in again');
$site->trail->wait_for(1, operation => 'session_lifted', session => $key);
$site->trail->settle($site->client);
is(scalar($site->trail->events(operation => 'session_revoked')), 2, 'each end is told once');
is(scalar($site->trail->events(operation => 'session_lifted')), 1, 'and the return, too');
finish();
