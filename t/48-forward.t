#!/usr/bin/perl
# Events are handed on as they are stored: every one, once to a file, at least once to syslog, also
# when the keeper dies, the file is rotated or the receiver was away.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/lib";
use Client qw();
use File::Temp ();
use IO::Select;
use IO::Socket::UNIX;
use Process ();
use Site;
use Socket qw(SOCK_DGRAM);
use Test::More;

my @RUN_USER = (getpwnam 'www-data')[ 2, 3 ];

sub keeper_pid ($site) {
    for my $pid ($site->httpd->child_pids) {
        open my $file, '<', "/proc/$pid/stat" or next;
        return $pid if <$file> =~ /\(audit-keeper\) [^Z]/;
    }
    return 0;
}

sub write_cities ($client, @cities) {
    $client->call_kw('res.partner', 'write', [ [14], { city => $_ } ]) for @cities;
    return;
}

# Whole lines: one may be being written, or be what a crash left, until the keeper takes it away.
sub lines ($file) {
    open my $handle, '<:raw', $file or return;
    return map { Client::decode_json($_) } grep { /\n\z/ } <$handle>;
}

# All hashes of the trail, in its order.
sub stored ($site) {
    return map { $_->{hash} } $site->trail->query('SELECT hash FROM events ORDER BY id');
}

sub wait_for_lines ($site, @files) {
    my (@lines, @stored);

    Process::wait_until(sub {
        @lines = map { lines($_) } @files;
        @stored = stored($site);
        return @lines == @stored;
    });
    is_deeply [ map { $_->{event}{hash} } @lines ], \@stored, 'each event is in the file once, in order';
    return @lines;
}

sub to_a_file {
    my $folder = File::Temp::tempdir('forward-XXXXXX', TMPDIR => 1, CLEANUP => 1);
    my $file = "$folder/events.jsonl";

    chown @RUN_USER, $folder if $> == 0;
    my $site = Site->start(
        version => 18,
        server  => "UserAuditForward file:$file",
        allow   => [qr/the keeper \(pid \d+\) died/]
    );
    my $admin = $site->login('admin');

    write_cities($admin, qw(Oslo Bergen));
    $admin->call_kw('res.partner', 'write', [ [999999], { city => 'nowhere' } ]);
    $site->trail->settle($admin);
    my @lines = wait_for_lines($site, $file);

    my ($write) = grep { ($_->{odoo}{values}{city} // '') eq 'Oslo' } @lines;
    is $write->{'@timestamp'} =~ /^\d{4}-\d\d-\d\dT[\d:.]+Z$/, 1, 'when';
    is_deeply $write->{event}{category}, ['database'], 'category';
    is_deeply $write->{event}{type}, ['change'], 'type';
    is $write->{event}{outcome}, 'success', 'outcome';
    is $write->{user}{name}, 'admin', 'who';
    is $write->{client}{ip}, '127.0.0.1', 'from where';
    is $write->{odoo}{model}, 'res.partner', 'model';
    is_deeply $write->{odoo}{record_ids}, [14], 'records';
    is_deeply $write->{odoo}{values}, { city => 'Oslo' }, 'values are an object';
    my ($failed) = grep { $_->{event}{action} eq 'write' && $_->{event}{outcome} ne 'success' } @lines;
    is $failed->{event}{outcome}, 'failure', 'a failed write is a failure';
    is $failed->{odoo}{outcome}, 'failed', 'and denied is told from failed';

    my $export = $admin->get('/audit-admin/activity.jsonl?operation=write');
    is $export->{status}, 200, 'the page exports JSON Lines';
    is_deeply [ map { Client::decode_json($_) } split /\n/, $export->{body} ],
        [ grep { $_->{event}{action} eq 'write' } @lines ], 'of what its filter finds, in the same form';
    ($export) = $site->client->get('/audit-admin/activity.jsonl');
    isnt $export->{status}, 200, 'to nobody who is not logged in';

    for my $round (1 .. 3) {
        my $pid = Process::wait_until(sub { keeper_pid($site) });

        write_cities($admin, map { "city $round $_" } 1 .. 20);
        kill KILL => $pid;
        write_cities($admin, "after $round");
    }
    $site->trail->settle($admin);
    wait_for_lines($site, $file);

    rename $file, "$file.1" or die $!;
    write_cities($admin, 'Hamar');
    $site->trail->settle($admin);
    wait_for_lines($site, "$file.1", $file);
    ok -s $file, 'after a rotation a new file is written';

    $site->httpd->stop;
    open my $torn, '>>', $file or die $!;
    print $torn '{"@timestamp":"2026-01-01T00:0';
    close $torn;
    $site->httpd->start;
    write_cities($admin, 'Moss');
    $site->trail->settle($admin);
    wait_for_lines($site, "$file.1", $file);
    return;
}

sub forward_lag ($admin) {
    return Client::decode_json($admin->get('/audit-admin/health?format=json')->{body})->{keeper}{forward_lag_seconds};
}

sub file_out_of_reach {
    my $folder = File::Temp::tempdir('forward-XXXXXX', TMPDIR => 1, CLEANUP => 1);
    my $file = "$folder/later/events.jsonl";
    my $site = Site->start(
        version => 17,
        server  => "UserAuditForward file:$file",
        allow   => [qr/cannot forward events to/]
    );
    my $admin = $site->login('admin');

    chmod 0755, $folder;
    write_cities($admin, qw(Oslo Bergen));
    $site->trail->settle($admin);
    Process::wait_until(sub { $site->httpd->error_log =~ /cannot forward events to/ });
    ok Process::wait_until(sub { forward_lag($admin) > 0 }), 'the health page tells how long it has been away';
    mkdir "$folder/later";
    chown @RUN_USER, "$folder/later" if $> == 0;
    wait_for_lines($site, $file);
    like $site->httpd->error_log, qr/takes events again/, 'and the log says so';
    ok Process::wait_until(sub { forward_lag($admin) == 0 }), 'nothing waits any more';
    return;
}

sub receiver ($path) {
    unlink $path;
    my $socket = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $path) or die "$path: $!";
    chmod 0666, $path;
    return $socket;
}

sub received ($socket) {
    my @messages;

    while (IO::Select->new($socket)->can_read(1)) {
        $socket->recv(my $message, 65536);
        push @messages, $message;
    }
    return @messages;
}

sub to_syslog {
    my $folder = File::Temp::tempdir('forward-XXXXXX', TMPDIR => 1, CLEANUP => 1);
    my $path = "$folder/log";

    chmod 0755, $folder;
    my $site = Site->start(
        version => 17,
        server  => "UserAuditForward syslog:$path",
        allow   => [qr/cannot forward events to/]
    );
    my $admin = $site->login('admin');

    write_cities($admin, 'Oslo');
    $admin->call_kw('res.partner', 'write', [ [14], { map { ("x_note_$_" => 'x' x 1000) } 1 .. 20 } ]);
    $site->trail->settle($admin);
    Process::wait_until(sub { $site->httpd->error_log =~ /cannot forward events to/ });
    my $socket = receiver($path);
    Process::wait_until(sub { $site->httpd->error_log =~ /takes events again/ });
    write_cities($admin, map { "city $_" } 1 .. 50);
    $site->trail->settle($admin);

    my (@messages, %seen);
    Process::wait_until(sub { push @messages, received($socket); @messages >= (() = stored($site)) });
    my $form = qr/^<(?:109|110|108)>1 \d{4}-\d\d-\d\dT[\d:.]+Z \S+ user_audit - (\S+) - (\{.*\})\z/s;
    is scalar(grep { $_ !~ $form } @messages), 0, 'each is a message of RFC 5424';
    is scalar(grep { length > 8192 } @messages), 0, 'none is too long';
    for my $message (@messages) {
        my ($operation, $line) = $message =~ $form;
        my $event = Client::decode_json($line);
        $seen{ $event->{event}{hash} } = $event;
    }
    is_deeply [ sort keys %seen ], [ sort +stored($site) ], 'every event has arrived';
    my ($long) = grep { grep { $_ eq 'truncated' } @{ $_->{odoo}{flags} // [] } } values %seen;
    is $long->{event}{action}, 'write', 'one that is too long comes without its values, and says so';
    return;
}

# What was stored before a target was named is not for it.
sub from_now_on {
    my $folder = File::Temp::tempdir('forward-XXXXXX', TMPDIR => 1, CLEANUP => 1);
    my $site = Site->start(version => 17);
    my $admin = $site->login('admin');

    chown @RUN_USER, $folder if $> == 0;
    write_cities($admin, 'Oslo');
    $site->trail->settle($admin);
    $site->httpd->configure(server => "UserAuditForward file:$folder/events.jsonl");
    $site->httpd->restart;
    write_cities($admin, 'Bergen');
    $site->trail->settle($admin);
    my @lines;
    Process::wait_until(sub { grep { $_->{event}{action} eq 'write' } @lines = lines("$folder/events.jsonl") });
    is_deeply [ map { $_->{odoo}{values}{city} } grep { $_->{event}{action} eq 'write' } @lines ], ['Bergen'],
        'a target gets what happens from then on';
    return;
}

to_a_file();
file_out_of_reach();
to_syslog();
from_now_on();
finish();
