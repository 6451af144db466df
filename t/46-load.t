#!/usr/bin/perl
# Good clients work, a manager ends sessions, children come and go, httpd restarts gracefully, and beside
# all that many clients mean harm (t/lib/hostile.py). Afterwards: what Odoo executed is on record, once;
# nobody was refused who should not be, and everybody who should be; nothing grew, nothing leaked.
#
# LOAD_SECONDS (20) chooses how long; from 800 on TEST_SECONDS (900) must be larger too.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/lib";
use Campaign ();
use Client qw();
use Httpd ();
use List::Util qw(max);
use Process ();
use Site;
use Test::More;
use Time::HiRes qw(time);

my $SECONDS = $ENV{LOAD_SECONDS} // 20;
my $TOOL = Httpd::build_dir() . '/user-audit';
my $SANITIZED = exists $ENV{HTTPD_PRELOAD};

# What is allowed to a process, however long it works. The keeper fills the 64 MB that SQLite may keep of
# its pages (src/store/sqlite.c). A sanitizer has books of its own to keep.
my $CHILD_MB = 64;
my $KEEPER_GROWTH_MB = 64 + 24;
my $PARENT_GROWTH_MB = 8;
my $DESCRIPTORS_MORE = 24;

my $MODEL = 'res.partner.category';

# httpd's own words on clients that mean harm; never one on a child that crashed.
my @EXPECTED = (
    qr/^\[[^]]+\] \[(?:core|http|http2|proxy|proxy_http|reqtimeout|mpm_event):\w+\](?!.*AH0005[12]).*AH\d+: /
);

my $SERVER = <<~'SERVER';
    Protocols h2c http/1.1
    ServerLimit 16
    MaxRequestWorkers 256
    MaxConnectionsPerChild 400
    RequestReadTimeout handshake=0 header=3-10,MinRate=500 body=3,MinRate=500
    UserAuditCleanupInterval 5s
    SERVER

# ---- processes ----

# {name, descriptors, kilobytes} of a process; none if it is gone.
sub sample ($pid) {
    opendir my $folder, "/proc/$pid/fd" or return;
    my $descriptors = grep { /^\d/ } readdir $folder;
    open my $file, '<', "/proc/$pid/status" or return;
    my $text = do { local $/; <$file> } // return;
    my ($name) = $text =~ /^Name:\s*(\S+)/m;
    my ($kilobytes) = $text =~ /^VmRSS:\s*(\d+)/m or return;

    return { name => $name, descriptors => $descriptors, megabytes => $kilobytes / 1024 };
}

# {keeper, parent, children => the largest of each figure}
sub samples ($site) {
    my @all = map { sample($_) } $site->httpd->child_pids;
    my ($keeper) = grep { $_->{name} eq 'audit-keeper' } @all;
    my @children = grep { $_->{name} ne 'audit-keeper' } @all;

    return {
        keeper   => $keeper,
        parent   => sample($site->httpd->process->pid),
        children => {
            megabytes   => max(0, map { $_->{megabytes} } @children),
            descriptors => max(0, map { $_->{descriptors} } @children),
        },
    };
}

sub describe ($sample) {
    return join ', ', map { sprintf '%s %.0f MB %d descriptors', $_, @{ $sample->{$_} }{qw(megabytes descriptors)} }
        grep { $sample->{$_} } qw(parent keeper children);
}

# ---- a session that a manager ends ----

sub read_status ($client, $cookie) {
    $client->session_id($cookie);
    my $status = $client->call_kw('res.partner', 'read', [ [1], ['name'] ])->{http}{status} // 'none';
    $client->session_id($cookie);
    return $status;
}

# A request on a connection that stays.
sub kept_status ($client, $socket) {
    my $body = '{"params":{"model":"res.partner","method":"read","args":[[1],["name"]],"kwargs":{}}}';

    $client->send_request($socket, 'POST', '/web/dataset/call_kw', body => $body,
        headers => [ 'Content-Type' => 'application/json', Connection => 'keep-alive' ]);
    my $answer = $client->read_response($socket, 'POST') // return 'none';
    return $answer->{status};
}

sub end_all_of ($admin, $login) {
    my $list = Client::decode_json($admin->get('/audit-admin/sessions?format=json')->{body});

    for my $row (grep { ($_->{login} // '') eq $login && $_->{state} eq 'open' } @{ $list->{sessions} }) {
        my $answer = $admin->post_json("/audit-admin/sessions/$row->{reference}/revoke",
            { csrf_token => $list->{csrf_token} });
        return 0 if $answer->{status} != 200;
    }
    return scalar @{ $list->{sessions} };
}

# What was wrong with one session from its login to its end, as sentences.
sub one_session ($site, $admin, $client) {
    $client->login('demo', 'demo');
    my $cookie = $client->session_id // return 'no session after a login';
    my @wrong = map { my $status = read_status($client, $cookie); $status == 200 ? () : "$status before the end" } 1 .. 3;
    my $kept = $client->connect;
    my ($websocket, $handshake) = $client->websocket;

    push @wrong, "$handshake->{status} to a websocket" if $handshake->{status} != 101;
    my $before = kept_status($client, $kept);
    push @wrong, "$before on a connection that stays, before the end" if $before ne '200';
    end_all_of($admin, 'demo') or return (@wrong, 'not ended');
    push @wrong, map { my $status = read_status($client, $cookie); $status eq '401' ? () : "$status after the end" } 1 .. 5;
    $client->session_id($cookie);
    # A restart closes such a connection; then nothing came through it.
    my $after = eval { kept_status($client, $kept) } // 'none';
    push @wrong, "$after on a connection that stays, after the end" if $after !~ /^(?:401|none)$/;
    push @wrong, 'the websocket lives on' if !Client::is_closed($websocket);
    $client->session_id($cookie);
    return @wrong;
}

# ---- the load ----

sub start_hostile ($site, $session) {
    open my $pipe, '-|', 'python3', "$FindBin::Bin/lib/hostile.py", '--port', $site->httpd->port, '--seconds', $SECONDS,
        '--session', $session or die "hostile.py: $!";
    return $pipe;
}

# Sessions come and are ended until the time is over; httpd restarts during the first two thirds of it.
sub work ($site, $admin) {
    my ($client, $begin, $sessions, $restarts, $highest) = ($site->client, time, 0, 0, { megabytes => 0, descriptors => 0 });
    my $every = max 4, $SECONDS / 20;
    my ($elapsed, $settled, @wrong) = (0);

    until ($elapsed >= $SECONDS && $restarts && $settled) {
        push @wrong, one_session($site, $admin, $client);
        $sessions++;
        my $now = samples($site);
        $highest->{$_} = max $highest->{$_}, $now->{children}{$_} for keys %$highest;
        $elapsed = time - $begin;
        $settled //= $now if $elapsed > $SECONDS / 3;
        if ($elapsed > ($restarts + 1) * $every && (!$restarts || $elapsed < $SECONDS * 2 / 3)) {
            $site->httpd->graceful;
            $restarts++;
        }
    }
    diag "$sessions sessions ended, $restarts restarts; children at most "
        . sprintf '%.0f MB, %d descriptors', @$highest{qw(megabytes descriptors)};
    return { wrong => \@wrong, sessions => $sessions, restarts => $restarts, highest => $highest, settled => $settled };
}

# ---- afterwards ----

sub attacks_were_made ($answers) {
    my @refused = grep { $answers->{$_}{401} } sort keys %$answers;

    note join "\n", map { my $of = $answers->{$_}; "$_: " . join ', ', map { "$_ $of->{$_}" } sort keys %$of } sort keys %$answers;
    cmp_ok scalar keys %$answers, '>=', 38, 'the attacks were made';
    is "@refused", '', 'none was taken for one of an ended session';
    ok $answers->{colliding_json}{200}, 'an insider was served meanwhile';
    return;
}

# What the insider had Odoo write. The outcome of a call is unknown where its connection was cut.
sub insiders_calls ($site) {
    my $executed = grep { $_->{operation} eq 'write' && ($_->{model} // '') eq $MODEL && $_->{ok} && "@{ $_->{ids} }" eq '1' }
        $site->odoo->operations;
    my %outcome = map { $_->{outcome} => $_->{times} } $site->trail->query(<<~SQL);
        SELECT outcome, count(*) AS times FROM events
        WHERE operation = 'write' AND model = '$MODEL' AND record_ids = '1' GROUP BY outcome
        SQL
    my ($success, $unknown) = map { $outcome{$_} // 0 } qw(success unknown);
    diag "the insider had $executed writes executed; on record: $success as success, $unknown as unknown";
    cmp_ok $executed, '>', 0, 'the insider had Odoo write';
    cmp_ok $success, '<=', $executed, 'none of it is on record that Odoo did not execute';
    cmp_ok $success + $unknown, '>=', $executed, 'and all that it did';
    return;
}

sub all_on_record ($site, $campaign) {
    $campaign->assert_on_record($site, "the good clients' work is on record, once");
    my %failed = $campaign->failed;
    is_deeply \%failed, {}, 'and none of it was refused or failed';
    insiders_calls($site);
    is scalar(() = $site->trail->query("SELECT 1 AS found FROM events WHERE operation = 'gap'")), 0, 'no gap';
    return;
}

sub nothing_grew ($before, $load, $after) {
    my ($settled, $highest) = @$load{qw(settled highest)};

    diag "before: " . describe($before) . "\nsettled: " . describe($settled) . "\nafter: " . describe($after);
    for my $who (qw(keeper parent children)) {
        cmp_ok $after->{$who}{descriptors}, '<=', $before->{$who}{descriptors} + $DESCRIPTORS_MORE, "$who: no descriptors are left open";
    }
    return if $SANITIZED;
    cmp_ok $highest->{megabytes}, '<=', $CHILD_MB, "no child ever had more than $CHILD_MB MB";
    cmp_ok $after->{keeper}{megabytes}, '<=', $settled->{keeper}{megabytes} + $KEEPER_GROWTH_MB, 'the keeper does not grow';
    cmp_ok $after->{parent}{megabytes}, '<=', $settled->{parent}{megabytes} + $PARENT_GROWTH_MB, 'nor does the parent';
    return;
}

my $site = Site->start(version => 18, modules => [qw(http2 reqtimeout)], server => $SERVER, allow => \@EXPECTED);
my $admin = $site->login('admin');
my $insider = $site->login('admin');

$site->trail->settle($admin);
my $before = samples($site);
my $campaign = Campaign->start(site => $site, workers => 3, login => 'admin');
my $hostile = start_hostile($site, $insider->session_id);
my $load = work($site, $admin);
my $answers = Client::decode_json(do { local $/; <$hostile> } // '{}');

ok close $hostile, 'hostile.py went to its end';
$campaign->stop;
attacks_were_made($answers);
is_deeply $load->{wrong}, [], 'sessions were served until their end, and never after';
cmp_ok $load->{sessions}, '>', 1, 'sessions were ended';
cmp_ok $load->{restarts}, '>', 0, 'httpd restarted meanwhile';
all_on_record($site, $campaign);
# Descriptors of connections that httpd lets linger are gone when those are.
Process::wait_until(sub { samples($site)->{children}{descriptors} <= $before->{children}{descriptors} + $DESCRIPTORS_MORE });
nothing_grew($before, $load, samples($site));
$site->httpd->stop;
my $verdict = qx($TOOL -p @{[ $site->httpd->database ]} verify 2>&1);
is $?, 0, 'the chain is intact' or diag $verdict;
finish();
