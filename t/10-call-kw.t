#!/usr/bin/perl
# A person's calls through the web client's routes: what the stand-in executed is what the trail
# says, with model, ids and outcome, in all four versions.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/lib";
use Client qw();
use Site;
use Test::More;

my %save = (16 => \&save_16, 17 => \&save_17, 18 => \&save_17, 19 => \&save_17);

sub save_16 ($client) {
    my $made = $client->call_kw('res.partner', 'create', [ { name => 'Ada', city => 'London' } ]);
    $client->call_kw('res.partner', 'write', [ [ $made->{result} ], { city => 'Paris' } ]);
    return $made->{result};
}

sub save_17 ($client) {
    my $made = $client->call_kw('res.partner', 'web_save', [ [], { name => 'Ada', city => 'London' } ],
        { specification => { name => {} } });
    my $id = $made->{result}[0]{id};

    $client->call_kw('res.partner', 'web_save', [ [$id], { city => 'Paris' } ],
        { specification => {} });
    return $id;
}

sub life_of_a_record ($site, $client, $version) {
    my $id = $save{$version}->($client);
    my ($create) = $site->trail->wait_for(1, operation => 'create', model => 'res.partner');
    my ($write)  = $site->trail->wait_for(1, operation => 'write',  model => 'res.partner');

    is $create->{record_ids}, $id,       "$version: created id from the answer";
    is $create->{outcome},    'success', "$version: create succeeded";
    is join(' ', sort split / /, $create->{fields}), 'city name',
        "$version: field names of the create";
    like $create->{values}, qr/"city":"London"/, "$version: values of the create";
    is $write->{record_ids}, $id,    "$version: written id";
    is $write->{fields},     'city', "$version: field names of the write";
    is $write->{login}, 'admin', "$version: by its login";
    is $write->{channel}, 'web', "$version: through the web client";
    is $write->{status}, 200, "$version: status";

    $client->call_kw('res.partner', 'copy', [ $version >= 18 ? [$id] : $id ]);
    $client->call_kw('res.partner', 'action_archive', [ [$id] ]);
    $client->call_kw('res.partner', 'unlink', [ [$id] ]);
    my ($unlink) = $site->trail->wait_for(1, operation => 'unlink');
    my ($copy) = $site->trail->events(method => 'copy');
    my ($archive) = $site->trail->events(method => 'action_archive');

    is $unlink->{record_ids}, $id, "$version: deleted id";
    is $copy->{operation}, 'create', "$version: a copy is a create";
    cmp_ok $copy->{record_ids}, '>', $id, "$version: with the new id";
    is $archive->{operation}, 'write', "$version: archiving is a write";
    is $archive->{outcome}, 'success', "$version: an answer without result is a success";
    return;
}

sub refusals ($site, $version) {
    my $demo = $site->login('demo');

    $demo->call_kw('res.users', 'write', [ [2], { name => 'Eve' } ]);
    $demo->call_kw('res.partner', 'write', [ [999_999], { name => 'Nobody' } ]);
    $demo->call_kw('res.partner', 'no_such_method', [ [1] ]);
    $demo->call_kw('res.partner', '_write', [ [1], { name => 'x' } ]);
    my ($private) = $site->trail->wait_for(1, method => '_write');
    my ($denied)  = $site->trail->events(model => 'res.users', operation => 'write');
    my ($missing) = $site->trail->events(record_ids => '999999');
    my ($unknown) = $site->trail->events(method => 'no_such_method');

    is $denied->{outcome}, 'denied', "$version: refused write";
    is $denied->{error}, 'odoo.exceptions.AccessError', "$version: by its exception";
    is $missing->{outcome}, 'failed', "$version: write of a missing record";
    is $missing->{error}, 'odoo.exceptions.MissingError', "$version: by its exception";
    is $unknown->{operation}, 'call', "$version: an unknown method is a call";
    isnt $unknown->{outcome}, 'success', "$version: that did not succeed";
    isnt $private->{outcome}, 'success', "$version: a private method neither";
    is $private->{login}, 'demo', "$version: by demo";
    return;
}

sub body_decides ($site, $client, $version) {
    my $path = '/web/dataset/call_kw/res.partner/read';
    my $params = { model => 'res.partner', method => 'write', args => [ [3], { city => 'Rome' } ],
        kwargs => {} };
    my $body = Client::encode_json({ jsonrpc => '2.0', id => 1, params => $params });

    $client->rpc($path, $params);
    $client->request('POST', '//web/dataset/call%5Fkw', body => $body,
        headers => [ 'Content-Type' => 'application/json; charset=utf-8' ]);
    $client->request('PUT', '/web/dataset/call_kw', headers => [ 'Content-Type' => 'application/json' ],
        pieces => [ split //, $body ], chunked => 1);
    $client->request('POST', '/web/dataset/call_kw', headers => [ 'Content-Type' => 'application/json' ],
        pieces => [ unpack '(a50)*', $body ], chunked => 1, trailers => "X-Checksum: 1\r\nContent-Type: text/xml\r\n");
    my @writes = $site->trail->wait_for(4, operation => 'write', record_ids => '3');

    is scalar @writes, 4, "$version: however it is spelled and cut";
    like $writes[0]{flags}, qr/path_mismatch/, "$version: a path that tells another story is flagged";
    unlike $writes[1]{flags}, qr/path_mismatch/, "$version: a path that tells none is not";
    return;
}

sub nothing_invented ($site, $client, $version) {
    my $before = () = $site->trail->events(operation => qr/^(?:create|write|unlink|call|read|search)$/);

    $client->call_kw('res.partner', 'onchange', [ [], {}, [], { name => {} } ]);
    $client->call_kw('res.partner', 'default_get', [ ['name'] ]);
    $client->call_kw('res.partner', 'search_read', [], { domain => [], fields => ['name'] });
    $client->get('/web/image?model=res.partner&id=1&field=avatar_128');
    $site->trail->settle($client);
    my $after = () = $site->trail->events(operation => qr/^(?:create|write|unlink|call|read|search)$/);

    is $after, $before, "$version: what saves nothing leaves no event by default";
    return;
}

sub same_as_executed ($site, $version) {
    my @executed = grep { $_->{ok} && $_->{operation} =~ /^(?:create|write|unlink)$/ }
        $site->odoo->operations;
    my @events = grep { $_->{outcome} eq 'success' && $_->{operation} =~ /^(?:create|write|unlink)$/ }
        $site->trail->events;

    is_deeply [ map { "$_->{operation} $_->{model} $_->{record_ids}" } @events ],
        [ map { "$_->{operation} $_->{model} @{ $_->{ids} }" } @executed ],
        "$version: the trail is what was executed, in order";
    return;
}

for my $version (16 .. 19) {
    my $site   = Site->start(version => $version);
    my $client = $site->login('admin');

    life_of_a_record($site, $client, $version);
    refusals($site, $version);
    body_decides($site, $client, $version);
    nothing_invented($site, $client, $version);
    same_as_executed($site, $version);
}
finish();
