#!/usr/bin/perl
# Every other way in but XML-RPC and uploads: programs, exports, reports, messages, files, changes by
# GET, and routes that nobody knows. What the stand-in executed is what the trail says.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/lib";
use Client qw();
use Site;
use Test::More;

my $KEY = '5f1c0ffee0badc0de5f1c0ffee0badc0de5f1c0f';

sub is_event ($event, $expected, $name) {
    is_deeply { map { $_ => $event->{$_} } keys %$expected }, $expected, $name;
    return;
}

sub token ($client) {
    return ($client->get('/web/login')->{body} =~ /name="csrf_token"\s+value="([^"]+)"/)[0];
}

# ---- programs ----

sub external ($client, $service, $method, @args) {
    return $client->rpc('/jsonrpc', { service => $service, method => $method, args => \@args });
}

sub json_rpc ($site, $version) {
    my $client = $site->client;

    external($client, 'common', 'authenticate', 'odoo', 'admin', 'admin', {});
    external($client, 'common', 'login', 'odoo', 'admin', 'wr0ng-s3cret');
    external($client, 'common', 'version');
    my $id = external($client, 'object', 'execute_kw', 'odoo', 2, $KEY, 'res.partner', 'create',
        [ { name => 'Ada' } ])->{result};
    external($client, 'object', 'execute', 'odoo', '2', 'admin', 'res.partner', 'write', [$id],
        { city => 'Mons' });
    external($client, 'object', 'execute_kw', 'odoo', 2, 'bad', 'res.partner', 'unlink', [ [$id] ]);
    external($client, 'db', 'list');
    my ($denied) = $site->trail->wait_for(1, channel => 'jsonrpc', operation => 'unlink');
    my ($login)  = $site->trail->events(channel => 'jsonrpc', operation => 'login');
    my ($failed) = $site->trail->events(channel => 'jsonrpc', operation => 'login_failed');
    my ($create) = $site->trail->events(channel => 'jsonrpc', operation => 'create');
    my ($write)  = $site->trail->events(channel => 'jsonrpc', operation => 'write');

    is_event($login, { login => 'admin', database => 'odoo', outcome => 'success' },
        "$version: login by JSON-RPC");
    is_event($failed, { login => 'admin', outcome => 'denied', values => '' },
        "$version: a login that answers false failed");
    is_event($create, { model => 'res.partner', record_ids => $id, uid => 2, database => 'odoo',
            fields => 'name', outcome => 'success' }, "$version: create by execute_kw");
    is_event($write, { record_ids => $id, uid => 2, values => '{"city":"Mons"}' },
        "$version: write by execute");
    is_event($denied, { record_ids => $id, outcome => 'denied',
            error => 'odoo.exceptions.AccessDenied' }, "$version: a wrong key");
    return $id;
}

# Odoo looks at no session there, so neither a live nor a dead one may be charged with it.
sub cookie_without_meaning ($site, $version) {
    my $client = $site->login('demo');

    external($client, 'object', 'execute_kw', 'odoo', 2, 'admin', 'res.partner', 'create',
        [ { name => 'By admin' } ]);
    external($client, 'common', 'login', 'odoo', 'admin', 'admin');
    my @creates = $site->trail->wait_for(2, channel => 'jsonrpc', operation => 'create');

    my ($login) = $site->trail->events(operation => 'login', login => 'demo', channel => 'http');

    is_event($creates[-1], { uid => 2 }, "$version: a cookie means nothing there");
    isnt $creates[-1]{session}, $login->{session}, "$version: nor is its session charged with it";
    is $client->call_kw('res.users', 'context_get')->{result}{uid}, 6,
        "$version: and its session goes on";
    return;
}

sub json_2 ($site, $version, $id) {
    my $client = $site->client;
    my @bearer = ('Content-Type' => 'application/json', Authorization => "Bearer $KEY");
    my $call = sub ($method, $body) {
        return $client->request('POST', "/json/2/res.partner/$method",
            body => Client::encode_json($body), headers => [@bearer]);
    };

    my $made = Client::decode_json($call->('create', { vals_list => { name => 'J2' } })->{body});
    $call->('write', { ids => $made, vals => { city => 'Arlon' }, model => 'x', method => 'unlink' });
    $call->('write', { ids => [999_999], vals => { city => 'x' } });
    $call->('_write', { ids => $made });
    $client->get('/json/2/res.partner/unlink', @bearer);
    my ($private) = $site->trail->wait_for(1, channel => 'json2', method => '_write');
    my ($create) = $site->trail->events(channel => 'json2', operation => 'create');
    my @writes = $site->trail->events(channel => 'json2', operation => 'write');

    is_event($create, { model => 'res.partner', record_ids => $made->[0], outcome => 'success' },
        "$version: create by /json/2");
    is_event($writes[0], { record_ids => $made->[0], outcome => 'success' },
        "$version: its URL decides what is called");
    is_event($writes[1], { outcome => 'failed', status => 404,
            error => 'odoo.exceptions.MissingError' }, "$version: and its status how it ended");
    is_event($private, { outcome => 'denied', status => 403 }, "$version: a private method");
    is_deeply [ $site->trail->events(channel => 'json2', operation => 'unlink') ], [],
        "$version: a GET there calls nothing";
    return;
}

sub json_1 ($site, $version) {
    my $client = $site->client;
    my @bearer = (Authorization => "Bearer $KEY");

    my $answer = $client->get('/json/1/res.partner?limit=2', @bearer);
    is $answer->{status}, 307, "$version: /json/1 asks for all parameters";
    $answer = $client->get(Client::header($answer, 'Location'), @bearer);
    my @shown = map { $_->{id} } @{ Client::decode_json($answer->{body})->{records} };
    $client->get('/json/1/res.partner/1');
    my ($denied) = $site->trail->wait_for(1, channel => 'json1', outcome => 'denied');
    my @reads = $site->trail->events(channel => 'json1', outcome => 'success');

    is scalar @reads, 1, "$version: and its redirect is no read";
    is_event($reads[0], { operation => 'read', model => 'res.partner', record_ids => "@shown" },
        "$version: a read by /json/1");
    is $denied->{status}, 401, "$version: without a key";
    return;
}

# ---- exports, reports, files ----

sub export_data (@ids) {
    return Client::encode_json({ model => 'res.partner', ids => @ids ? \@ids : JSON::PP::false,
        domain => [], import_compat => JSON::PP::false,
        fields => [ { name => 'name', label => 'Name' }, { name => 'city', label => 'City' } ] });
}

sub exports ($site, $client, $version) {
    $client->get('/web/export/csv?data=' . Client::escape(export_data(1, 3)));
    $client->post_form('/web/export/xlsx', { data => export_data(), csrf_token => token($client) });
    $client->post_form('/web/export/csv', { data => export_data(1), csrf_token => 'bad' });
    my @events = $site->trail->wait_for(3, operation => 'export');

    is_event($events[0], { model => 'res.partner', record_ids => '1 3', fields => 'name city',
            outcome => 'success', login => 'admin' }, "$version: an export by GET");
    is_event($events[1], { model => 'res.partner', record_ids => '', record_count => '',
            outcome => 'success' }, "$version: an export of all that a domain finds");
    is_event($events[2], { record_ids => 1, outcome => 'failed' }, "$version: without the form's token");
    return;
}

sub reports ($site, $client, $version) {
    my $token = token($client);

    for my $url ('/report/pdf/sale.report_saleorder/1', '/report/zip/unknown') {
        $client->post_form('/report/download',
            { data => Client::encode_json([ $url, 'qweb-pdf' ]), csrf_token => $token });
    }
    my @events = $site->trail->wait_for(2, operation => 'report');

    is_event($events[0], { model => 'sale.order', record_ids => 1,
            method => 'sale.report_saleorder', outcome => 'success' }, "$version: a report");
    is_event($events[1], { outcome => 'failed', status => 200 },
        "$version: a report that failed with status 200");
    return;
}

sub downloads ($site, $client, $version) {
    my $id = $client->call_kw('ir.attachment', 'create',
        [ { name => 'a.txt', datas => 'aGVsbG8=' } ])->{result};

    $client->get("/web/content/$id/a.txt");
    $client->get('/web/content/999999');
    my ($missing) = $site->trail->wait_for(1, operation => 'download', record_ids => 999_999);
    my ($found) = $site->trail->events(operation => 'download', record_ids => $id);

    is_event($found, { model => 'ir.attachment', outcome => 'success' }, "$version: a file");
    is $missing->{outcome}, 'failed', "$version: a file that is not there";
    return;
}

# ---- messages and actions ----

sub messages ($site, $client, $version) {
    $client->rpc('/mail/message/post',
        { thread_model => 'res.partner', thread_id => 3, post_data => { body => 'Hello' } });
    my ($executed) = grep { $_->{model} eq 'mail.message' } $site->odoo->operations;
    my ($event) = $site->trail->wait_for(1, operation => 'create', model => 'mail.message');

    is_event($event, { record_ids => $executed->{ids}[0], outcome => 'success' },
        "$version: a message with its id");
    like $event->{values}, qr/"thread_model":"res.partner","thread_id":3/, "$version: and its thread";
    return if $version < 19;
    $client->rpc('/mail/thread/subscribe', { res_model => 'res.partner', res_id => 3, partner_ids => [1] });
    my ($follow) = $site->trail->wait_for(1, method => 'message_subscribe');
    is_event($follow, { operation => 'call', model => 'res.partner', record_ids => 3 },
        "$version: a follower");
    return;
}

sub actions ($site, $client, $version) {
    $client->rpc('/web/action/run', { action_id => 1,
        context => { active_model => 'res.partner', active_ids => [ 3, 4 ] } });
    $client->rpc('/web/action/load', { action_id => 1 });
    my ($run) = $site->trail->wait_for(1, method => 'run', model => 'ir.actions.server');

    is_event($run, { operation => 'call', record_ids => 1,
            values => '{"active_model":"res.partner","active_ids":[3,4]}' }, "$version: a server action");
    is_deeply [ $site->trail->events(path => '/web/action/load') ], [],
        "$version: its description is no event";
    return;
}

sub old_dataset ($site, $client, $version) {
    $client->rpc('/web/dataset/call', { model => 'res.partner', method => 'write',
        args => [ [3], { city => 'Gent' } ] });
    $client->rpc('/web/dataset/search_read', { model => 'res.partner', fields => ['name'], limit => 2 });
    $client->rpc('/web/dataset/load', { model => 'res.partner', id => 3, fields => ['name'] });
    my ($load) = $site->trail->wait_for(1, path => '/web/dataset/load');
    my ($write) = $site->trail->events(path => '/web/dataset/call');
    my ($read) = $site->trail->events(path => '/web/dataset/search_read');

    is_event($write, { operation => 'write', record_ids => 3, fields => 'city' }, "$version: call");
    is_event($read, { operation => 'read', record_count => 2, fields => 'name' }, "$version: search_read");
    is_event($load, { operation => 'read', record_ids => 3 }, "$version: load");
    return;
}

# ---- what nobody knows, and what a GET changes ----

sub unknown ($site, $client, $version) {
    my $stranger = $site->client;

    $client->rpc('/my/module/do', { res_model => 'res.partner', res_id => 7, pin => 1234 });
    $client->request('DELETE', '/my/module/7');
    $client->get('/my/module/7');
    $client->post_json('/fr/web/dataset/call_kw', $client->envelope({ model => 'res.partner',
        method => 'read', args => [ [3], ['name'] ], kwargs => {} }));
    $stranger->post_form('/my/module/do', { a => 1 });
    $stranger->post_json('/my/api/do', { model => 'res.partner' }, headers => [ 'X-API-Key' => 'k3y-0f-a-m0dule' ]);
    $site->trail->settle($stranger);
    my @calls = $site->trail->events(path => qr{^/my/module/});

    is scalar @calls, 2, "$version: what is sent to unknown routes is seen";
    is_event($calls[0], { operation => 'call', model => 'res.partner', record_ids => 7, method => '',
            values => '', login => 'admin', status => 404, outcome => 'failed' },
        "$version: by its path, without what was sent");
    is_event($calls[1], { operation => 'call', path => '/my/module/7' }, "$version: by any method");
    is_event(($site->trail->events(path => '/my/api/do'))[0] // {}, { operation => 'call', outcome => 'failed' },
        "$version: with the key of a customer's module");
    return;
}

# Files that a customer's own module hands out, by GET.
sub unknown_files ($site, $client, $version) {
    $client->get('/my/sheets/7');
    $client->get('/my/sheets/7?paper=1');
    $site->client->get('/my/sheets/8?paper=1');
    $site->trail->settle($client);
    my @events = $site->trail->events(path => qr{^/my/sheets/});

    is scalar @events, 1, "$version: a file of an unknown route is seen, a page is not, nor one that nobody took";
    is_event($events[0] // {}, { operation => 'download', path => '/my/sheets/7', login => 'admin', status => 200,
            outcome => 'success' }, "$version: by its path");
    return;
}

sub become ($site, $version) {
    my $client = $site->login('admin');

    $client->get('/web/become');
    my ($event) = $site->trail->wait_for(1, method => 'become');

    is_event($event, { operation => 'call', model => 'res.users', outcome => 'success' },
        "$version: a GET that makes somebody else of a session");
    return;
}

# The form of the database manager has a master password, which stays nowhere.
sub databases ($site, $client, $version) {
    $client->post_form('/web/database/drop', { master_pwd => 'm4ster-s3cret', name => 'odoo' });
    my ($event) = $site->trail->wait_for(1, method => 'drop');

    is_event($event, { operation => 'call', values => '{"name":"odoo"}', outcome => 'failed' },
        "$version: a database that was not dropped");
    return;
}

# Nothing that was sent as a password or key stands in the database.
sub no_secrets ($site, $version) {
    my $text = join "\n", map { values %$_ } $site->trail->events;

    unlike $text, qr/s3cret|\Q$KEY\E|"pin":1234/, "$version: no secret on record";
    return;
}

for my $version (16 .. 19) {
    my $site = Site->start(version => $version, vhost => "UserAuditTrack * *\n");
    my $client = $site->login('admin');
    my $id = json_rpc($site, $version);

    cookie_without_meaning($site, $version);
    json_1($site, $version) if $version >= 18;
    json_2($site, $version, $id) if $version >= 19;
    exports($site, $client, $version);
    reports($site, $client, $version);
    downloads($site, $client, $version);
    messages($site, $client, $version);
    actions($site, $client, $version);
    old_dataset($site, $client, $version) if $version == 16;
    unknown($site, $client, $version);
    unknown_files($site, $client, $version);
    databases($site, $client, $version);
    become($site, $version);
    no_secrets($site, $version);
    $site->httpd->stop;
    $site->odoo->stop;
}
finish();
