#!/usr/bin/perl
# PostgreSQL: two machines side by side with one trail and a chain each, a password from a file, and
# a server that restarts under them. script/test runs other tests on it as well (DATABASE=pgsql).

use v5.36;
use FindBin;
use lib "$FindBin::Bin/lib";
use Client qw();
use File::Temp ();
use Httpd ();
use Postgres ();
use Process ();
use Site;
use Standin ();
use Test::More;

my $TOOL = Httpd::build_dir() . '/user-audit';
my $server = Postgres->shared or plan skip_all => 'no PostgreSQL server is installed';

sub write_city ($client, $city) {
    return $client->call_kw('res.partner', 'write', [ [1], { city => $city } ])->{http}{status};
}

# Two machines, each with its own folder and its own name.
sub two_nodes {
    my $database = $server->database;
    my $odoo = Standin->start(version => 18);
    my @sites = map {
        Site->start(odoo => $odoo, postgres => [ $server, $database ], server => "UserAuditNode web$_\n")
    } 1 .. 2;
    my @admins = map { $_->login('admin') } @sites;

    for my $round (1 .. 40) {
        write_city($admins[ $round % 2 ], "round $round");
    }
    my @events = $sites[0]->trail->wait_for(40, operation => 'write', outcome => 'success');
    my %cities = map { $_->{values} =~ /round (\d+)/ ? ($1 => 1) : () } @events;

    is scalar(keys %cities), 40, 'both write into one trail, nothing is missing';
    is scalar(@events), 40, '... and nothing stands there twice';
    for my $node (qw(web1 web2)) {
        my @chain = sort { $a->{sequence} <=> $b->{sequence} } $sites[0]->trail->events(node => $node);
        my $broken = grep { $chain[$_]{previous_hash} ne $chain[ $_ - 1 ]{hash} } 1 .. $#chain;

        is_deeply [ map { $_->{sequence} } @chain ], [ 1 .. @chain ], "$node counts its own events";
        is $broken, 0, '... and each carries the hash of the one before';
        is scalar(grep { $_->{operation} eq 'write' } @chain), 20, '... half of them';
    }
    my %rows = map { $_->{name} => $_->{rows} } $sites[0]->trail->query(
        'SELECT tableoid::regclass::text AS name, count(*) AS rows FROM events GROUP BY tableoid');
    my @months = map { $_->{name} } $sites[0]->trail->query(
        "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'events'::regclass ORDER BY 1");
    my ($month) = $sites[0]->trail->query(q{SELECT to_char(now() AT TIME ZONE 'UTC', '"events_"YYYY_MM') AS name});
    cmp_ok $rows{ $month->{name} }, '>=', 40, 'events are in the partition of their month';
    is scalar(grep { $_ gt $month->{name} } @months), 2, '... and those of the next two months are there already';
    my %ids = map { $_->{id} => 1 } $sites[0]->trail->events;
    is scalar(keys %ids), scalar($sites[0]->trail->events), 'ids are nobody else\'s';

    my @seen = $sites[1]->trail->csv($admins[1], 'operation=write');
    is scalar(@seen), 40, 'either machine shows what was done on the other';
    $_->httpd->stop for @sites;
}

# The server goes while calls are made, and comes back.
sub restarted_under_load {
    my $site = Site->start(
        version  => 17,
        postgres => [ $server, $server->database ],
        allow    => [ qr/keeper: database cannot be/, qr/the (?:pgsql )?database/, $Postgres::LAST_WORD ],
    );
    my $admin = $site->login('admin');

    for my $round (1 .. 3) {
        write_city($admin, "before $round.$_") for 1 .. 10;
        $server->stop;
        is write_city($admin, "during $round"), 200, "round $round: a call is answered without a database";
        $server->resume;
        write_city($admin, "after $round.$_") for 1 .. 10;
    }
    my @events = $site->trail->wait_for(63, operation => 'write', outcome => 'success');
    my %values = map { $_->{values} => 1 } @events;

    is scalar(@events), 63, 'nothing is missing or twice';
    is scalar(keys %values), 63, '... each with its own values';
    $site->httpd->stop;
}

# The server is away for so long that the keeper tries several times, each pause twice the one before.
sub away_for_several_tries {
    my $site = Site->start(
        version  => 17,
        postgres => [ $server, $server->database ],
        allow    => [ qr/keeper: database cannot be/, qr/the (?:pgsql )?database/, $Postgres::LAST_WORD ],
    );
    my $admin = $site->login('admin');

    write_city($admin, "before $_") for 1 .. 10;
    $server->crash;
    $server->refuse(4, sub ($try) { write_city($admin, "during $try.$_") for 1 .. 25 });
    $server->resume;
    write_city($admin, "after $_") for 1 .. 10;

    my @events = $site->trail->wait_for(120, operation => 'write', outcome => 'success');
    my %values = map { $_->{values} => 1 } @events;
    my @started = $site->trail->events(operation => 'started');

    is scalar(@events), 120, 'away for several tries: nothing is missing or twice';
    is scalar(keys %values), 120, '... each with its own values';
    is scalar(@started), 1, '... and the keeper stayed who it was';
    $site->httpd->stop;
    my $verdict = qx($TOOL -d pgsql -p '@{[ $server->words($site->httpd->{postgres}[1]) ]}' verify 2>&1);
    is $?, 0, '... with a chain that is intact' or diag $verdict;
}

# The password stands in a file that httpd.conf names, and nowhere else.
sub password_from_a_file {
    my $database = $server->database;
    my $secret = 'Geheim' . int rand 1e9;

    $server->demand_password($secret);
    my $file = File::Temp->new;
    print $file "*:*:*:*:$secret\n";
    close $file;
    chown +(getpwnam 'www-data')[2, 3], "$file" if $> == 0;
    my $site = Site->start(version => 17, postgres => [ $server, $database ], words => "passfile=$file");
    my $admin = $site->login('admin');

    is write_city($admin, 'secret'), 200, 'a site with a password';
    is scalar($site->trail->wait_for(1, operation => 'write')), 1, '... reaches its database';
    unlike $site->httpd->error_log . $site->httpd->config, qr/\Q$secret/, '... and tells nobody';
}

two_nodes();
restarted_under_load();
away_for_several_tries();
password_from_a_file();
finish();
