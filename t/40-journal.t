#!/usr/bin/perl
# What happens when things break: the keeper is killed, the database cannot be opened, the disk under
# the journal is full, bodies are no calls. Odoo's traffic goes on, and the log says so once.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/lib";
use Client qw();
use Process ();
use Site;
use Test::More;

sub count_in_log ($site, $pattern) {
    my $count = () = $site->httpd->error_log =~ /$pattern/g;

    return $count;
}

sub keeper_pid ($site) {
    for my $pid ($site->httpd->child_pids) {
        open my $file, '<', "/proc/$pid/stat" or next;
        return $pid if <$file> =~ /\(audit-keeper\) [^Z]/;
    }
    return 0;
}

sub write_city ($client, $city) {
    return $client->call_kw('res.partner', 'write', [ [1], { city => $city } ])->{http}{status};
}

sub keeper_killed {
    my $site = Site->start(version => 17, allow => [qr/the keeper \(pid \d+\) died/]);
    my $admin = $site->login('admin');

    my $dead = 0;
    for my $round (1 .. 3) {
        my $pid = Process::wait_until(sub { my $found = keeper_pid($site); $found != $dead && $found });

        write_city($admin, "before $round");
        kill KILL => $pid;
        is write_city($admin, "while $round"), 200, "round $round: served without a keeper";
        $dead = $pid;
    }
    my @writes = $site->trail->wait_for(6, operation => 'write');
    is_deeply [ map { $_->{values} =~ /"city":"([^"]+)"/ } @writes ],
        [ map { ("before $_", "while $_") } 1 .. 3 ], 'nothing lost, nothing twice, in order';
    is count_in_log($site, 'the keeper \(pid \d+\) died'), 3, 'each death is told once';
    return;
}

sub database_away {
    my $site = Site->start(
        version => 17,
        server  => 'UserAuditDatabase sqlite3 state/there/audit.db',
        allow   => [qr/keeper: .*database/]
    );
    my $admin = $site->login('admin');

    is write_city($admin, 'Oslo'), 200, 'served without a database';
    Process::wait_until(sub { count_in_log($site, 'keeper: .*database') });
    sleep 4;
    is count_in_log($site, 'keeper: .*database'), 1, 'the log says so once';
    is $admin->get('/audit-admin/sessions?format=json')->{status}, 200,
        'the page still shows who is on';
    return;
}

sub page_without_database {
    my $site = Site->start(version => 17, allow => [qr/keeper: .*database/, qr/database/]);
    my $admin = $site->login('admin');
    my $answer;

    $site->trail->settle($admin);
    $site->httpd->stop;
    open my $file, '>', $site->httpd->database or die $!;
    print $file 'this is no database' x 1000;
    close $file;
    unlink map { $site->httpd->database . $_ } qw(-wal -shm);
    $site->httpd->start;
    is write_city($admin, 'Bergen'), 200, 'served with a database that is none';
    Process::wait_until(sub { count_in_log($site, 'keeper: .*database') });
    $answer = $admin->get('/audit-admin/activity');
    is $answer->{status}, 503, 'the activity page says that it has nothing to show';
    return;
}

sub fill ($folder) {
    open my $file, '>', "$folder/ballast" or die $!;
    1 while syswrite $file, 'x' x 512;
    close $file;
    return;
}

sub full_disk ($mode) {
    my $folder = "/tmp/audit-full-disk-$$-$mode";
    my $site;

    mkdir $folder or die "$folder: $!";
    if (system("mount -t tmpfs -o size=2m,mode=0777 tmpfs $folder 2>/dev/null") != 0) {
        rmdir $folder;
        SKIP: { skip 'mounting a small disk needs root', 1 }
        return;
    }
    eval {
        $site = Site->start(
            version => 17,
            server => "UserAuditStateDir $folder\nUserAuditDatabase sqlite3 $folder/../audit-none/x.db\n"
                . "UserAuditOnJournalFailure $mode",
            allow => [qr/the journal in .* cannot be written/, qr/keeper: /,
                qr/AH0\d+: .*/]
        );
        my $admin = $site->login('admin');

        is write_city($admin, 'Graz'), 200, "$mode: served while there is room";
        fill($folder);
        # Each child's segment still has some room, for long events first and then for short ones.
        write_city($admin, 'x' x 3000) for 1 .. 100;
        write_city($admin, 'x') for 1 .. 100;
        is write_city($admin, 'Linz'), $mode eq 'refuse' ? 503 : 200, "$mode: and when the disk is full"
            for 1 .. 20;
        is $admin->call_kw('res.partner', 'read', [ [1], ['name'] ])->{http}{status}, 200,
            "$mode: what changes nothing is served anyhow";
        cmp_ok count_in_log($site, 'the journal in .* cannot be written'), '<=', 4,
            "$mode: told once per process";
        cmp_ok count_in_log($site, 'the journal in .* cannot be written'), '>=', 1,
            "$mode: and told";
        unlink "$folder/ballast";
        Process::wait_until(sub { write_city($admin, 'Wels') == 200 });
        ok Process::wait_until(sub { $site->httpd->error_log =~ /the journal is written again/ }),
            "$mode: it is told when there is room again";
        $site->httpd->stop;
        1;
    } or fail "$mode: $@";
    system("umount $folder");
    rmdir $folder;
    return;
}

sub bad_bodies {
    my $site = Site->start(version => 18);
    my $admin = $site->login('admin');
    my %bodies = (
        'cut'       => '{"params": {"model": "res.partner", "method": "unl',
        'no JSON'   => 'model=res.partner',
        'an array'  => '[1, 2]',
        'deep'      => '[' x 20_000,
        'no params' => '{"id": 1}',
        'empty'     => '',
    );

    for my $name (sort keys %bodies) {
        my $answer = $admin->request('POST', '/web/dataset/call_kw/res.partner/write',
            body => $bodies{$name}, headers => [ 'Content-Type' => 'application/json' ]);

        ok $answer, "$name: answered by Odoo";
    }
    my @events = $site->trail->wait_for(scalar keys %bodies, operation => 'unparsed_call');
    is scalar @events, scalar keys %bodies, 'each is an event';
    is scalar(grep { $_->{flags} =~ /unparsed/ } @events), scalar @events, 'that says so';
    is scalar(grep { $_->{outcome} eq 'success' } @events), 0, 'and none is called a success';
    return;
}

sub huge_body {
    my $site = Site->start(version => 17);
    my $admin = $site->login('admin');
    my $answer = $admin->call_kw('res.partner', 'write',
        [ [1], { image_1920 => 'QUJD' x 700_000, city => 'Turin' } ]);
    my ($event) = $site->trail->wait_for(1, operation => 'write');

    is $answer->{http}{status}, 200, 'a body of megabytes goes through';
    is join(' ', sort split / /, $event->{fields}), 'city image_1920', 'its fields are known';
    like $event->{values}, qr/"image_1920":\{"\$length":2800000,"\$sha256":"[0-9a-f]{64}"\}/,
        'the binary by its length and hash';
    cmp_ok length $event->{values}, '<', 2000, 'and not itself';
    return;
}

sub answers_that_break {
    my $site = Site->start(version => 17, allow => [qr/AH0\d+: /]);
    my $admin = $site->login('admin');
    my %faults = (cut => 'Cut', gzip => 'Zip', 502 => 'Gateway');

    for my $fault (sort keys %faults) {
        $admin->call_kw('res.partner', 'write', [ [1], { city => $faults{$fault} } ], {},
            headers => [ 'X-Standin-Fault' => $fault ]);
    }
    my @writes = $site->trail->wait_for(3, operation => 'write');
    is_deeply [ map { $_->{outcome} } @writes ], [ ('unknown') x 3 ],
        'an answer that is cut, compressed or a gateway error leaves the outcome unknown';
    return;
}

keeper_killed();
database_away();
page_without_database();
full_disk($_) for qw(continue refuse);
bad_bodies();
huge_body();
answers_that_break();
finish();
