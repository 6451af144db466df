#!/usr/bin/perl
# user-audit: says that an untouched trail is intact, and finds what was changed in one.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/lib";
use Client qw();
use File::Copy qw(copy);
use Httpd ();
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
finish();
