#!/usr/bin/perl
# user-audit: says that an untouched trail is intact, and finds what was changed in one.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/lib";
use Client qw();
use File::Copy qw(copy);
use Httpd ();
use Process ();
use Site;
use Test::More;
use Trail ();

my $TOOL = Httpd::build_dir() . '/user-audit';

sub run_tool ($database, $command) {
    my $text = `$TOOL -p $database $command 2>&1`;

    return ($? >> 8, $text);
}

# A copy of the database with one statement run on it.
sub tampered ($database, $statement) {
    my $copy = "$database.copy";

    copy($database, $copy) or die "$copy: $!";
    system('sqlite3', $copy, $statement) == 0 or die $statement;
    return run_tool($copy, 'verify');
}

# ---- what it takes ----

for my $asked (qw(--help -h help)) {
    my $words = `$TOOL $asked 2>&1 >/dev/null`;

    is "$? $words", '0 ', "$asked is right, and complains of nothing";
    like `$TOOL $asked 2>/dev/null`, qr/\Ausage: user-audit .*^  verify .*^  --help /ms, "$asked tells the use";
}
for my $wrong ('', 'nosuch', '--nosuch', 'verify more', 'revoke') {
    is `$TOOL $wrong 2>/dev/null`, '', "'$wrong' is wrong, and standard output says nothing";
    is $? >> 8, 2, "'$wrong': the status says so";
    like `$TOOL $wrong 2>&1`, qr/^usage: user-audit /m, "'$wrong': and the use is told";
}

# ---- the trail ----

my $site  = Site->start(version => 17);
my $admin = $site->login('admin');

$admin->call_kw('res.partner', 'write', [ [1], { city => "City $_" } ]) for 1 .. 20;
$site->trail->settle($admin);
my ($intact) = run_tool($site->httpd->database, 'verify');
is $intact, 0, 'intact beside a running keeper';
$site->httpd->stop;

my $database = $site->httpd->database;
my ($status, $text) = run_tool($database, 'verify');
is $status, 0, 'intact';
like $text, qr/intact from 1 to \d+, \d+ events.*\n\d+ events/, 'and says how far';

my $event = 'WHERE id = (SELECT id FROM events WHERE operation = \'write\' ORDER BY id LIMIT 1 OFFSET 5)';
for my $column (qw(site db login name session ip channel operation model record_ids record_count method
    fields values_json outcome status duration_ms path hash peer_ip previous_hash)) {
    ($status, $text) = tampered($database, "UPDATE events SET $column = '1x' $event");
    is $status, 1, "$column changed: found";
    like $text, qr/^event \d+ of \S+ .*is broken/, "$column changed: named";
}
for my $column (qw(time_ms sequence)) {
    is +(tampered($database, "UPDATE events SET $column = $column + 1 $event"))[0], 1,
        "$column changed: found";
}
like +(tampered($database, "DELETE FROM events $event"))[1], qr/^event \d+ of node \S+ is missing: no purge removed/,
    'one deleted: told';
is +(tampered($database, 'DELETE FROM events WHERE id > (SELECT max(id) - 3 FROM events)'))[0], 1,
    'the end cut off: found';

is +(tampered($database, 'DELETE FROM events'))[0], 1, 'everything deleted: found';

($status, $text) = run_tool($database, 'export');
my ($header, @rows) = Trail::parse_csv($text);
is_deeply $header, \@Trail::COLUMNS, 'export: the columns of the contract';
is scalar @rows, scalar($site->trail->events), 'export: every event';
like +(run_tool($database, 'sessions'))[1], qr/admin$/m, 'sessions: who was on';
is +(run_tool('/nonexistent/audit.db', 'verify'))[0], 2, 'no database: told apart from a broken trail';
is +(run_tool($database, 'dance'))[0], 2, 'an unknown command';

# ---- a session ended from the command line, beside a running httpd and without one ----

sub reference_of ($site, $login) {
    my $known;

    Process::wait_until(sub {
        ($known) = grep { $_->{state} eq 'open' }
            $site->trail->query("SELECT reference, state FROM sessions WHERE login = '$login'");
    });
    return $known->{reference};
}

sub revoke ($site, @words) {
    my $text = `$TOOL -s @{[ $site->httpd->state_dir ]} @words revoke @{[ reference_of($site, 'demo') ]} 2>&1`;

    return ($? >> 8, $text);
}

# What is written every 30 seconds and at a stop is what the command knows of.
sub known_to_the_command ($site) {
    reference_of($site, 'demo');
    $site->httpd->stop;
    $site->httpd->start;
    return;
}

{
    my $site = Site->start(version => 17);
    my $demo = $site->login('demo');

    $demo->call_kw('res.partner', 'read', [ [1], ['name'] ]);
    known_to_the_command($site);
    is $demo->call_kw('res.partner', 'read', [ [1], ['name'] ])->{http}{status}, 200, 'revoke: on so far';
    my ($status, $text) = revoke($site, '--note', 'left');
    is $status, 0, "revoke: done ($text)";
    ok Process::wait_until(
        sub { $demo->call_kw('res.partner', 'read', [ [1], ['name'] ])->{http}{status} == 401 }),
        'revoke: the running httpd refuses the session';
    my ($event) = $site->trail->wait_for(1, operation => 'session_revoked');
    like $event->{values}, qr/"by":"\w+","with":"user-audit","note":"left"/, 'revoke: the trail says who';
    is $event->{login}, 'demo', 'revoke: and whose session';
    ($status, $text) = run_tool($site->httpd->database, 'revoke nosuch');
    is $status, 2, 'revoke: an unknown session';
    my ($key) = $site->httpd->error_log =~ /whose public part is ([0-9a-f]{64})/;
    is +(run_tool($site->httpd->database, 'public-key'))[1], "$key\n", 'the log has the public key';
    is +(run_tool($site->httpd->database, "--key $key verify"))[0], 0, 'which signed the checkpoints';
}
{
    my $site = Site->start(version => 17);
    my $demo = $site->login('demo');

    $demo->call_kw('res.partner', 'read', [ [1], ['name'] ]);
    reference_of($site, 'demo');
    $site->httpd->stop;
    is +(revoke($site))[0], 0, 'revoke: without httpd';
    $site->httpd->start;
    is $demo->call_kw('res.partner', 'read', [ [1], ['name'] ])->{http}{status}, 401,
        'revoke: refused from the first request on';
    $site->trail->wait_for(1, operation => 'session_revoked');
}

# ---- holds over HTTP ----

{
    my $site = Site->start(version => 18);
    my $admin = $site->login('admin');
    my $answer = $admin->get('/audit-admin/holds?format=json');
    my $token = Client::decode_json($answer->{body})->{csrf_token};

    $answer = $admin->post_json('/audit-admin/holds',
        { csrf_token => $token, user => 'demo', reason => 'court' });
    is $answer->{status}, 200, 'a hold is set';
    my $id = Client::decode_json($answer->{body})->{hold};
    my ($event) = $site->trail->wait_for(1, operation => 'hold_set');
    is $event->{login}, 'admin', 'by an event that says by whom';
    my ($row) = $site->trail->query('SELECT * FROM holds');
    is "$row->{id} $row->{who}", "$id demo", 'and stands in the store';
    is $admin->post_json("/audit-admin/holds/$id/lift", { csrf_token => $token })->{status}, 200,
        'it is lifted';
    $site->trail->wait_for(1, operation => 'hold_lifted');
    ($row) = $site->trail->query('SELECT * FROM holds');
    is $row->{lifted_by}, 'admin', 'by somebody';
    is +(run_tool($site->httpd->database, 'verify'))[0], 0, 'and the trail is whole';
}
finish();
