#!/usr/bin/perl
# Kills and breaks at random moments while clients work, then holds the trail against the stand-in's
# own list of what it executed: nothing is missing, nothing stands twice, the outcome is unknown only
# where the client has not seen it either.
#
# On SQLite and on PostgreSQL, whose server is cut off, stopped and killed besides. FAULT_ROUNDS (8) and
# FAULT_SEED choose how long and which way; DATABASE=pgsql leaves SQLite out.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/lib";
use Campaign ();
use Client qw();
use Httpd ();
use Postgres ();
use Process ();
use Site;
use Test::More;
use Time::HiRes qw(sleep);

my $ROUNDS = $ENV{FAULT_ROUNDS} // 8;
my $ONLY_SERVER = ($ENV{DATABASE} // '') eq 'pgsql';
my $SEED = $ENV{FAULT_SEED} // time ^ $$;
my $TOOL = Httpd::build_dir() . '/user-audit';

# What breaking must bring into the log.
my @EXPECTED = (
    qr/AH\d+: /, qr/the keeper \(pid \d+\) died/, qr/keeper: (?!database refuses)/,
    qr/the journal in .* cannot be written/, $Postgres::LAST_WORD
);

sub process_names ($site) {
    my %name;

    for my $pid ($site->httpd->child_pids) {
        open my $file, '<', "/proc/$pid/stat" or next;
        $name{$pid} = $1 if <$file> =~ /\(([^)]+)\) [^Z]/;
    }
    return %name;
}

sub pick (@list) { return $list[ int rand @list ] }

sub keeper_of ($site) {
    my %name = process_names($site);
    return (grep { $name{$_} eq 'audit-keeper' } keys %name)[0];
}

sub kill_child ($site) {
    my %name = process_names($site);
    my $pid = pick(sort grep { $name{$_} ne 'audit-keeper' } keys %name) or return;
    kill KILL => $pid;
    return;
}

sub kill_keeper ($site) {
    my $pid = keeper_of($site) or return;
    kill KILL => $pid;
    return;
}

sub stall_keeper ($site) {
    my $pid = keeper_of($site) or return;
    kill STOP => $pid;
    sleep 0.5 + rand;
    kill CONT => $pid;
    return;
}

# The machine goes down as far as processes are concerned; what the kernel has, stays.
sub kill_everything ($site) {
    my @all = $site->httpd->child_pids;

    my @orphans = $site->httpd->crash;
    kill KILL => @all, @orphans;
    Process::wait_until(sub { !grep { kill 0 => $_ } @all, @orphans });
    return;
}

sub crash_and_start ($site) {
    kill_everything($site);
    $site->httpd->start;
    return;
}

# The first part of a record, as a power loss leaves it at the end of a segment whose owner is dead. Nobody
# writes to that any more, so that the next loss of power finds nothing in it to tear.
# Layout: a header of 64 bytes, then records with a head of 24, in which the payload's length stands
# at 8 and the kind at 12.
sub tear ($segment) {
    open my $file, '+<:raw', $segment or die "$segment: $!";
    my $bytes = do { local $/; <$file> };
    my $END = 4;
    state %torn;

    return if $torn{$segment}++ || length $bytes < 64 + 24 || unpack('C', substr $bytes, -24 + 12, 1) == $END;
    my $length = 24 + unpack 'V', substr $bytes, 64 + 8, 4;
    seek $file, 0, 2;
    print $file substr $bytes, 64, 1 + int rand $length - 1;
    close $file;
    return;
}

sub tear_and_start ($site) {
    kill_everything($site);
    tear($_) for glob $site->httpd->state_dir . '/journal/*.segment';
    $site->httpd->start;
    return;
}

sub stop_and_start ($site) {
    $site->httpd->stop;
    $site->httpd->start;
    return;
}

sub restart_gracefully ($site) {
    $site->httpd->graceful;
    return;
}

# Somebody keeps the database to themselves for a while.
sub lock_database ($site) {
    my $seconds = 1 + rand 2;

    system 'timeout', 10, 'sqlite3', $site->httpd->database, '.timeout 3000', 'BEGIN IMMEDIATE', ".shell sleep $seconds",
        'ROLLBACK';
    return;
}

sub cut_connections ($site) {
    $site->httpd->{postgres}[0]->cut;
    return;
}

sub restart_server ($site) {
    my $server = $site->httpd->{postgres}[0]->stop;

    sleep 0.5 + rand 2;
    $server->resume;
    return;
}

sub crash_server ($site) {
    $site->httpd->{postgres}[0]->crash->resume;
    return;
}

my %FAULT = (
    kill_child => \&kill_child,
    kill_keeper => \&kill_keeper,
    stall_keeper => \&stall_keeper,
    crash_and_start => \&crash_and_start,
    tear_and_start => \&tear_and_start,
    stop_and_start => \&stop_and_start,
    restart_gracefully => \&restart_gracefully,
);
my %FAULT_OF_FILE = (%FAULT, lock_database => \&lock_database);
my %FAULT_OF_SERVER = (
    %FAULT,
    cut_connections => \&cut_connections,
    restart_server => \&restart_server,
    crash_server => \&crash_server,
);

sub break_things ($site, %fault) {
    my %count;

    for my $round (1 .. $ROUNDS) {
        my $name = pick(sort keys %fault);

        sleep 0.2 + rand 0.6;
        $fault{$name}->($site);
        $count{$name}++;
    }
    diag join ', ', map { "$_ $count{$_}" } sort keys %count;
    return;
}

sub hold_against ($site, $campaign) {
    $campaign->assert_on_record($site, 'nothing missing, nothing twice, nothing unknown that was seen');
    is scalar(() = $site->trail->events(operation => 'gap')), 0, 'and no gap';
    $site->httpd->stop;
    my $verdict = qx($TOOL @{[ tool_words($site) ]} verify 2>&1);
    is $?, 0, 'the chain is intact' or diag $verdict;
    return;
}

sub tool_words ($site) {
    my ($server, $database) = @{ $site->httpd->{postgres} // [] };

    return $server ? ('-d pgsql -p', "'" . $server->words($database) . "'") : ('-p', $site->httpd->database);
}

# Long enough for the keeper's pauses between tries to grow.
sub long_cut ($site) {
    my $server = $site->httpd->{postgres}[0]->crash;

    sleep 8;
    $server->resume;
    return;
}

sub campaign ($faults, %options) {
    my $site = Site->start(version => 17, allow => \@EXPECTED, %options);
    my $campaign = Campaign->start(site => $site, workers => 4, login => 'admin');

    break_things($site, %$faults);
    long_cut($site) if $options{postgres};
    $campaign->stop;
    hold_against($site, $campaign);
    return;
}

srand $SEED;
diag "FAULT_SEED=$SEED FAULT_ROUNDS=$ROUNDS";
campaign(\%FAULT_OF_FILE) unless $ONLY_SERVER;
SKIP: {
    my $server = Postgres->shared or skip 'no PostgreSQL server is installed', 3;

    push @EXPECTED, qr/the pgsql database/;
    campaign(\%FAULT_OF_SERVER, postgres => [ $server, $server->database ]);
}
finish();
