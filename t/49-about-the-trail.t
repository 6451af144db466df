#!/usr/bin/perl
# The trail about the trail: whoever reads, exports, keeps, changes or ends it is on it, and so are its
# starts, stops, purges and gaps.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/lib";
use Client qw();
use Process ();
use Site;
use Test::More;

my $PAGE = '/audit-admin';

sub values_of ($event) { return Client::decode_json($event->{values}) }

sub said_by ($event, $login, $what) {
    my ($session, $operation) = @$event{qw(session operation)};

    is $event->{login}, $login, "$what: who";
    like $session, qr/^[0-9a-f]{32}$/, "$what: in which session";
    is $event->{ip}, '127.0.0.1', "$what: from where";
    is $event->{channel}, 'module', "$what: told by the module itself";
    return;
}

# In every child of four: one event for a person, a filter and five minutes.
sub reading ($site, $admin, $demo) {
    $admin->get("$PAGE/activity?model=res.partner") for 1 .. 24;
    $admin->get("$PAGE/activity?model=res.users");
    $demo->get("$PAGE/activity?model=res.partner");
    $site->trail->settle($admin);
    my @read = sort { $a->{login} cmp $b->{login} || $a->{values} cmp $b->{values} }
        $site->trail->events(operation => 'trail_read');

    is_deeply [ map { [ $_->{login}, values_of($_) ] } @read ],
        [ [ 'admin', { model => 'res.partner' } ], [ 'admin', { model => 'res.users' } ],
          [ 'demo', { model => 'res.partner' } ] ], 'reading is one event for each filter and person';
    said_by($read[0], 'admin', 'reading');
    return;
}

sub exporting ($site, $admin) {
    $admin->get("$PAGE/activity.$_?operation=write") for qw(csv csv jsonl jsonl);
    $site->trail->settle($admin);
    my @exported = sort { $a->{path} cmp $b->{path} } $site->trail->events(operation => 'trail_exported');

    is_deeply [ map { [ $_->{path}, values_of($_) ] } @exported ],
        [ map { [ "$PAGE/activity.$_", { operation => 'write' } ] } qw(csv jsonl) ],
        'exporting is one for each format, with what was exported';
    said_by($_, 'admin', "exporting $_->{path}") for @exported;
    return;
}

sub page ($client, $path) { return Client::decode_json($client->get("$PAGE$path?format=json")->{body}) }

sub keeping_and_changing ($site, $admin) {
    my $settings = page($admin, '/settings');
    my %token = (csrf_token => $settings->{csrf_token});

    $admin->post_json("$PAGE/settings", { %token, version => $settings->{version}, settings => { redact => ['x_note'] } });
    my $hold = Client::decode_json($admin->post_json("$PAGE/holds", { %token, user => 'demo', reason => 'court' })->{body});
    $site->trail->wait_for(1, operation => 'hold_set');
    $admin->post_json("$PAGE/holds/$hold->{hold}/lift", {%token});
    $site->trail->settle($admin);
    for my $operation (qw(settings_changed hold_set hold_lifted)) {
        my @events = $site->trail->events(operation => $operation);

        is scalar @events, 1, "$operation is an event";
        said_by($events[0], 'admin', $operation);
    }
    return;
}

# A journal that nobody can read, and a read that is an hour old.
sub damage ($httpd) {
    my $file = $httpd->state_dir . '/journal/' . '0' x 32 . '-00000001.segment';

    open my $segment, '>', $file or die "$file: $!";
    print $segment 'no record at all' x 20;
    close $segment;
    chown((getpwnam 'www-data')[ 2, 3 ], $file) if $> == 0;
    system('sqlite3', $httpd->database, "UPDATE events SET time_ms = time_ms - 3600000 WHERE operation = 'read'") == 0
        or die 'sqlite3';
    return;
}

# The keeper has a second to leave, in which a busy machine may not let it write; then it is started and
# stopped again. Returns how often it was started.
sub stop_in_order ($site) {
    for my $starts (1 .. 10) {
        $site->httpd->stop;
        return $starts if $site->trail->events(operation => 'stopped');
        $site->httpd->start;
        $site->trail->wait_for($starts + 1, operation => 'started');
    }
    return 0;
}

# What the keeper does of itself is by no person, and says of which machine.
sub by_itself ($site) {
    my $httpd = $site->httpd;

    $site->trail->wait_for(1, operation => 'started');
    my $starts = stop_in_order($site);
    is scalar $site->trail->events(operation => 'stopped'), 1, 'a stop is an event';

    damage($httpd);
    $httpd->allow(qr/lost to the trail/);
    $httpd->configure(server => "UserAuditRetention reads 1m\nUserAuditCleanupInterval 1s\n");
    $httpd->start;
    is scalar $site->trail->wait_for($starts + 1, operation => 'started'), $starts + 1, 'and so is each start';
    for my $operation (qw(gap purged)) {
        my ($event) = $site->trail->wait_for(1, operation => $operation);

        is $event->{login}, '', "$operation is an event by no person";
        ok length $event->{node}, "$operation: of this machine";
        isnt $event->{values}, '', "$operation: that says what is missing";
    }
    return;
}

my $site = Site->start(version => 18, mpm => 'prefork', server => "StartServers 4\n",
    vhost => "UserAuditTrack read,write *\n");
my ($admin, $demo) = map { $site->login($_) } qw(admin demo);

$admin->call_kw('res.partner', 'read', [ [14], ['name'] ]);
reading($site, $admin, $demo);
exporting($site, $admin);
keeping_and_changing($site, $admin);
by_itself($site);
finish();
