#!/usr/bin/perl
# Disks that fill up under the journal and under the database while clients work. With
# UserAuditOnJournalFailure refuse nothing is lost, as held against the stand-in's own list of what it
# executed; with continue the gap events tell exactly how many events are.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/lib";
use Campaign ();
use Process ();
use Site;
use Test::More;

plan skip_all => 'mounting a small disk needs root' if $> != 0;

my @EXPECTED = (qr/AH\d+: /, qr/keeper: /, qr/the journal in .* /, qr/the sqlite3 database/, qr/cannot be (?:saved|written)/,
    qr/no journal can be opened/);
my $JOURNAL_FULL = qr/the journal in .* cannot be written/;
my $DATABASE_FULL = qr/database cannot be written|database refuses/;
my @mounted;

sub mount ($folder, $size) {
    my (undef, undef, $uid, $gid) = getpwnam 'www-data';

    system("mount -t tmpfs -o size=$size,mode=0700,uid=$uid,gid=$gid tmpfs '$folder' 2>/dev/null") == 0 or return 0;
    push @mounted, $folder;
    return 1;
}

END {
    local $?;
    system 'umount', '-l', $_ for reverse @mounted;
}

# A server whose journal and whose other files each have a small disk.
sub small_disks ($mode) {
    my $site = Site->start(version => 17, server => "UserAuditOnJournalFailure $mode\n", allow => \@EXPECTED);
    my $state = $site->httpd->state_dir;

    $site->httpd->stop;
    mount($state, '24m') or plan skip_all => 'a small disk cannot be mounted here';
    mkdir "$state/journal", 0700;
    mount("$state/journal", '2m') or plan skip_all => 'a small disk cannot be mounted here';
    $site->httpd->start;
    return $site;
}

sub fill ($folder) {
    open my $file, '>>', "$folder/ballast" or die "$folder: $!";
    for my $piece (65_536, 512) {
        1 while syswrite $file, 'x' x $piece;
    }
    close $file;
    return;
}

# Until the log has told of it and the clients have worked for a while, who then work with room again.
sub fill_for_a_while ($site, $campaign, $folder, $told) {
    my $enough;

    Process::wait_until(sub {
        fill($folder);
        return if $site->httpd->error_log !~ $told;
        $enough //= $campaign->begun + 100;
        return $campaign->begun >= $enough;
    });
    unlink "$folder/ballast";
    $enough = $campaign->begun + 50;
    Process::wait_until(sub { $campaign->begun >= $enough });
    return;
}

# Whoever wrote the journal is gone, so that what has no outcome is chained as unknown.
sub settle ($site) {
    $site->httpd->stop;
    $site->httpd->start;
    my $visitor = $site->login('admin');

    Process::wait_until(sub { $visitor->call_kw('res.users', 'write', [ [1], { note => 'ready' } ])->{http}{status} == 200 });
    $site->trail->settle($visitor);
    Process::wait_until(sub { !$site->trail->query('SELECT 1 FROM pending LIMIT 1') });
    return;
}

sub nothing_lost {
    my $site = small_disks('refuse');
    my $state = $site->httpd->state_dir;
    my $campaign = Campaign->start(site => $site, workers => 3, login => 'admin');

    fill_for_a_while($site, $campaign, "$state/journal", $JOURNAL_FULL);
    fill_for_a_while($site, $campaign, $state, $DATABASE_FULL);
    fill_for_a_while($site, $campaign, "$state/journal", $JOURNAL_FULL);
    $campaign->stop;
    settle($site);
    my @wrong = $campaign->differences([ $site->odoo->operations ], [ $site->trail->events ]);
    diag $campaign->summary;
    is scalar @wrong, 0, 'refuse: nothing missing, nothing twice'
        or diag join "\n", @wrong[ 0 .. ($#wrong < 20 ? $#wrong : 20) ];
    like $site->httpd->error_log, $JOURNAL_FULL, '... though the disk was full';
    like $site->httpd->error_log, $DATABASE_FULL, '... of the database as well';
    $site->httpd->stop;
    return;
}

# Calls went through that the journal had no room for: as many as the gaps say.
sub lost_and_counted {
    my $site = small_disks('continue');
    my $campaign = Campaign->start(site => $site, workers => 3, login => 'admin');

    for (1 .. 2) {
        fill_for_a_while($site, $campaign, $site->httpd->state_dir . '/journal', $JOURNAL_FULL);
    }
    $campaign->stop;
    settle($site);
    my @executed = grep { $_->{ok} && $_->{model} eq 'res.partner' && $_->{operation} =~ /^(?:create|write|unlink)$/ }
        $site->odoo->operations;
    my @events = grep { $_->{model} eq 'res.partner' && $_->{operation} =~ /^(?:create|write|unlink)$/ } $site->trail->events;
    my %lost = (lost => 0, lost_outcomes => 0);

    for my $gap ($site->trail->events(operation => 'gap')) {
        while ($gap->{values} =~ /"(lost|lost_outcomes)":(\d+)/g) { $lost{$1} += $2 }
    }
    my $unknown = grep { $_->{outcome} eq 'unknown' } @events;
    diag scalar(@executed) . ' executed, ' . scalar(@events) . " on record, $unknown of them unknown, "
        . "$lost{lost} events and $lost{lost_outcomes} outcomes lost";
    cmp_ok $lost{lost}, '>', 0, 'continue: events are lost';
    is @events + $lost{lost}, scalar @executed, '... as many as the gaps say';
    is $unknown, $lost{lost_outcomes}, '... and as many outcomes';
    $site->httpd->stop;
    return;
}

nothing_lost();
lost_and_counted();
finish();
