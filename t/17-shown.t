#!/usr/bin/perl
# Records that a person is shown by calls that are no reads by name: saves that answer with the
# record as it then is, groups whose records are open. Where only reads are tracked each of them is a
# read; where the call itself is tracked too, its own event tells all.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/lib";
use Client qw();
use Site;
use Test::More;

my ($only_read, $both) = ('res.partner', 'res.partner.category');
my $told = 0;

# What came onto the record since it was last asked.
sub told ($site) {
    $site->trail->settle($site->client);
    my @events = grep { $_->{model} =~ /^res[.]partner/ } $site->trail->events;
    my @new = @events[ $told .. $#events ];

    $told = @events;
    return [ map { join ' ', @$_{qw(operation method record_ids record_count fields values)} } @new ];
}

sub create ($client, $model, $name) {
    return $client->call_kw($model, 'create', [ { name => $name } ])->{result};
}

sub saves ($site, $client) {
    my ($one, $two) = map { create($client, $only_read, $_) } qw(Ada Bob);
    my $made;
    my %name = (specification => { name => {} });

    is_deeply told($site), [], 'no event of a create where only reads are tracked';
    $client->call_kw($only_read, 'write', [ [$one], { name => 'Cid' } ]);
    $client->call_kw($only_read, 'web_save', [ [$one], { name => 'Dan' } ], \%name);
    $client->call_kw($only_read, 'web_save', [ [$one], { name => 'Eve' } ], { %name, next_id => $two });
    $made = $client->call_kw($only_read, 'web_save', [ [], { name => 'Fay' } ], \%name)->{result}[0]{id};
    $client->call_kw($only_read, 'web_save', [ [99999], { name => 'Gus' } ], \%name);
    is_deeply told($site), [ map { "read web_save $_ 1 name " } $one, $two, $made ],
        'a save shows what it answers with, and nothing if it fails';
    $client->rpc('/web/dataset/call_button',
        { model => $only_read, method => 'web_save', args => [ [$one], { name => 'Hal' } ], kwargs => \%name });
    is_deeply told($site), [], 'the answer of a button shows nothing';
    return;
}

sub saves_that_are_tracked ($site, $client) {
    my ($one, $two) = map { create($client, $both, $_) } qw(Red Blue);
    my %name = (specification => { name => {} });

    $client->call_kw($both, 'web_save', [ [$one], { name => 'Green' } ], \%name);
    $client->call_kw($both, 'web_save', [ [$one], { name => 'Grey' } ], { %name, next_id => $two });
    is_deeply [ @{ told($site) }[ 2, 3 ] ],
        [ qq(write web_save $one 1 name {"name":"Green"}), qq(write web_save $one 1 name {"name":"Grey","\$shown":$two}) ],
        'one event of each save, which tells of the record that it was to show';
    $client->call_kw($both, 'web_save', [ [], { name => 'Pink' } ], { %name, next_id => $two });
    $site->trail->settle($site->client);
    my ($event) = $site->trail->events(model => $both, values => qr/Pink/);
    is "$event->{operation} $event->{record_ids} $event->{record_count} $event->{flags}", 'create  1 ids_unknown',
        'what was made is not known where another record is shown';
    told($site);
    return;
}

sub groups ($site, $client, %open) {
    my ($event, $ids);
    my $found = $client->call_kw($only_read, 'search', [ [] ])->{result};

    $client->call_kw($only_read, 'web_read_group', [], { domain => [], groupby => ['active'], fields => ['name'] });
    is_deeply told($site), [], 'groups that are closed show no record';
    $client->call_kw($only_read, 'web_read_group', [], { domain => [], groupby => ['active'], %open });
    ($event) = @{ told($site) };
    ($ids) = $event =~ /^read web_read_group ([\d ]+) \d+ \S* $/;
    is_deeply [ sort { $a <=> $b } split / /, $ids // '' ], [ sort { $a <=> $b } @$found ],
        'groups that are open show their records';
    return;
}

for my $version (16, 17, 19) {
    my $site = Site->start(version => $version,
        vhost => "UserAuditTrack read $only_read\nUserAuditTrack read,write,create,search $both\n");
    my $client = $site->login('admin');

    note "Odoo $version";
    $site->trail->wait_for(1, operation => 'login');
    $told = 0;
    if ($version > 16) {
        saves($site, $client);
        saves_that_are_tracked($site, $client);
    }
    groups($site, $client, expand => JSON::PP::true, fields => ['name']) if $version == 16;
    groups($site, $client, auto_unfold => JSON::PP::true, unfold_read_specification => { name => {} }) if $version == 19;
    $site->odoo->stop;
}

finish();
