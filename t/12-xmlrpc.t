#!/usr/bin/perl
# Programs that speak XML-RPC, in both versions of Odoo's faults: what the stand-in executed is what
# the trail says, with model, ids, outcome and exception, and no password.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/lib";
use Client qw();
use Encode qw(encode);
use Site;
use Test::More;

my $KEY = '5f1c0ffee0badc0de5f1c0ffee0badc0de5f1c0f';
my %entity = ('&' => '&amp;', '<' => '&lt;', '>' => '&gt;');

sub is_event ($event, $expected, $name) {
    is_deeply { map { $_ => $event->{$_} } keys %$expected }, $expected, $name;
    return;
}

# ---- XML-RPC ----

sub value ($value) {
    return '<value>' . typed($value) . '</value>';
}

sub typed ($value) {
    return '<nil/>' if !defined $value;
    return '<array><data>' . join('', map { value($_) } @$value) . '</data></array>'
        if ref $value eq 'ARRAY';
    return '<struct>' . join('', map { '<member><name>' . text($_) . '</name>' . value($value->{$_})
            . '</member>' } sort keys %$value) . '</struct>'
        if ref $value eq 'HASH';
    return "<int>$value</int>" if $value =~ /^-?\d{1,9}$/;
    return '<string>' . text($value) . '</string>';
}

sub text ($text) { return $text =~ s/([&<>])/$entity{$1}/gr }

sub document ($method, @params) {
    return "<?xml version='1.0'?>\n<methodCall><methodName>$method</methodName><params>"
        . join('', map { '<param>' . value($_) . "</param>\n" } @params)
        . '</params></methodCall>';
}

sub post ($client, $path, $body, %options) {
    return $client->request('POST', $path, headers => [ 'Content-Type' => 'text/xml' ],
        ($options{pieces} || $options{chunked} ? () : (body => $body)), %options);
}

# The first number of the answer.
sub call ($client, $path, $method, @params) {
    return (post($client, $path, document($method, @params))->{body} =~ /<int>(-?\d+)<\/int>/)[0];
}

# ---- tests ----

sub logins ($site, $version) {
    my $client = $site->client;

    call($client, '/xmlrpc/2/common', 'authenticate', 'odoo', 'admin', 'admin', {});
    call($client, '/xmlrpc/common', 'login', 'odoo', 'admin', 'wr0ng-s3cret');
    call($client, '/xmlrpc/2/common', 'version');
    my ($failed) = $site->trail->wait_for(1, channel => 'xmlrpc', operation => 'login_failed');
    my ($login)  = $site->trail->events(channel => 'xmlrpc', operation => 'login');

    is_event($login, { login => 'admin', database => 'odoo', outcome => 'success', values => '',
            method => 'authenticate' }, "$version: a login");
    like $login->{session}, qr/^[0-9a-f]{32}$/, "$version: which belongs to the user's session of programs";
    is_event($failed, { login => 'admin', outcome => 'denied', values => '' },
        "$version: a login that answers false failed");
    return;
}

sub life_of_a_record ($site, $version, $object) {
    my $client = $site->client;
    my @who = ('odoo', 2, $KEY, 'res.partner');
    my $before = () = $site->trail->events(channel => 'xmlrpc', operation => 'unlink');
    my $id = call($client, $object, 'execute_kw', @who, 'create', [ { name => 'Ad<a> & Eve' } ]);

    call($client, $object, 'execute', @who, 'write', [$id], { city => 'Huy' });
    call($client, $object, 'execute_kw', @who, 'read', [ [$id] ], { fields => ['city'] });
    call($client, $object, 'execute_kw', @who, 'action_archive', [ [$id] ]);
    call($client, $object, 'execute_kw', @who, 'unlink', [ [$id] ]);
    $site->trail->wait_for($before + 1, channel => 'xmlrpc', operation => 'unlink');
    my %event = map { $_->{method} => $_ } $site->trail->events(path => $object, record_ids => $id);

    is_event($event{create}, { operation => 'create', model => 'res.partner', fields => 'name',
            uid => 2, database => 'odoo', outcome => 'success' }, "$version $object: create");
    like $event{create}{values}, qr/Ad\\u003ca\\u003e \\u0026 Eve/, "$version $object: what was written";
    is_event($event{write}, { operation => 'write', fields => 'city', outcome => 'success' },
        "$version $object: write by execute");
    is_event($event{read}, { operation => 'read', fields => 'city', outcome => 'success' },
        "$version $object: read");
    is_event($event{action_archive}, { operation => 'write', fields => 'active', error => '',
            outcome => 'success' }, "$version $object: a result that XML-RPC cannot write was one");
    is_event($event{unlink}, { operation => 'unlink', outcome => 'success' }, "$version $object: unlink");
    return;
}

sub refusals ($site, $version, $object) {
    my $client = $site->client;
    my @tail = ('res.partner', 'write', [ [999_999], { city => 'x' } ]);

    call($client, $object, 'execute_kw', 'odoo', 2, 'bad-s3cret', @tail);
    call($client, $object, 'execute_kw', 'odoo', 2, $KEY, @tail);
    call($client, $object, 'execute_kw', 'odoo', 2, $KEY, 'res.partner', '_write', [ [1] ]);
    call($client, $object, 'execute_kw', 'odoo', 2, $KEY, 'res.partner', 'no_such_method', [ [1] ]);
    my ($unknown) = $site->trail->wait_for(1, path => $object, method => 'no_such_method');
    my ($private) = $site->trail->events(path => $object, method => '_write');
    my ($denied, $missing) = $site->trail->events(path => $object, record_ids => 999_999);

    is_event($denied, { operation => 'write', outcome => 'denied', status => 200,
            error => 'odoo.exceptions.AccessDenied' }, "$version $object: a wrong password");
    is_event($missing, { operation => 'write', outcome => 'failed' },
        "$version $object: a record that is not there");
    is_event($private, { outcome => 'denied', error => 'odoo.exceptions.AccessError' },
        "$version $object: a private method");
    is_event($unknown, { operation => 'call', outcome => 'failed' },
        "$version $object: an unknown method");
    return;
}

sub spellings ($site, $version) {
    my $client = $site->client;
    my $body = document('execute_kw', 'odoo', 2, $KEY, 'res.partner', 'write',
        [ [3], { city => 'Mons' } ]);
    my $wide = encode('UTF-16', $body =~ s/version='1.0'/version='1.0' encoding='utf-16'/r);
    my @named = map { encode($_, $body =~ s/version='1.0'/version='1.0' encoding='$_'/r =~ s/Mons/M\x{f6}ns/r) }
        qw(latin-1 windows-1252 iso-8859-15);
    my $loose = $body =~ s{</?(?:param|params|data|member)>}{}gr;

    post($client, '/xmlrpc/2/object', $body, chunked => 1, pieces => [ split //, $body ]);
    post($client, '/xmlrpc/2/object', $body, chunked => 1, pieces => [ unpack '(a100)*', $body ],
        trailers => "X-Checksum: 1\r\nContent-Type: application/json\r\n");
    post($client, '//xmlrpc/2/object/', $wide);
    post($client, '/%78mlrpc/2/object', $loose =~ s{</methodCall>}{<params/></methodCall>}r);
    post($client, '/xmlrpc/2/object', $body =~ s{<string>write</string>}{ <string>write</string> }r);
    post($client, '/xmlrpc/2/object', $_) for @named;
    is scalar($site->trail->wait_for(3, operation => 'write', values => "{\"city\":\"M\x{f6}ns\"}")), 3,
        "$version: whatever its encoding is called";
    my @writes = $site->trail->wait_for(5, operation => 'write', values => '{"city":"Mons"}');

    is scalar(grep { $_->{record_ids} eq '3' && $_->{model} eq 'res.partner' } @writes), 5,
        "$version: however it is spelled and cut";
    return;
}

sub unparsed ($site, $version) {
    my $client = $site->client;
    my $entity = "<!DOCTYPE x [<!ENTITY m 'search_count'>]>"
        . document('execute_kw', 'odoo', 2, $KEY, 'res.partner', 'METHOD', [ [] ]) =~ s/^.*\n//r;

    post($client, '/xmlrpc/2/object', $entity =~ s/METHOD/&m;/r);
    post($client, '/xmlrpc/2/object', '<methodCall>');
    $client->get('/xmlrpc/2/object');
    my @events = $site->trail->wait_for(2, path => '/xmlrpc/2/object', operation => 'unparsed_call');

    is scalar @events, 2, "$version: what is not understood is said to be so";
    is $events[0]{flags}, 'unparsed', "$version: and flagged";
    return;
}

# Odoo looks at no session there: neither does the idle clock, nor is the cookie's user named.
sub cookie_without_meaning ($site, $version) {
    my $client = $site->login('demo');

    call($client, '/xmlrpc/2/object', 'execute_kw', 'odoo', 2, $KEY, 'res.partner', 'write',
        [ [3], { city => 'Visé' } ]);
    my ($event) = $site->trail->wait_for(1, operation => 'write', values => qr/Vis/);

    is $event->{uid}, 2, "$version: a cookie means nothing there";
    my ($own) = $site->trail->wait_for(1, operation => 'session_identified', login => 'demo');
    isnt $event->{session}, $own->{session}, "$version: the call belongs to no session of the browser";
    return;
}

sub same_as_executed ($site, $version) {
    my $data = qr/^(?:create|write|unlink|login|login_failed)$/;
    my @executed = grep { ($_->{channel} // '') eq 'xmlrpc' && $_->{operation} =~ $data }
        $site->odoo->operations;
    my @events = $site->trail->events(channel => 'xmlrpc', operation => $data);
    my %wanted = map { $_->{operation} => 1 } @executed, @events;

    for my $operation (sort keys %wanted) {
        my @good = grep { $_->{operation} eq $operation && $_->{ok} } @executed;
        my @seen = grep { $_->{operation} eq $operation && $_->{outcome} eq 'success' } @events;
        is_deeply [ map { "$_->{model} $_->{record_ids}" } @seen ],
            [ map { "$_->{model} @{ $_->{ids} }" } @good ], "$version: every $operation, and no other";
    }
    return;
}

sub no_secrets ($site, $version) {
    my $text = join "\n", map { values %$_ } $site->trail->events;

    unlike $text, qr/s3cret|\Q$KEY\E/, "$version: no secret on record";
    return;
}

for my $version (16 .. 19) {
    my $site = Site->start(version => $version, vhost => "UserAuditTrack * *\n");

    logins($site, $version);
    for my $object ('/xmlrpc/object', '/xmlrpc/2/object') {
        life_of_a_record($site, $version, $object);
        refusals($site, $version, $object);
    }
    spellings($site, $version);
    cookie_without_meaning($site, $version);
    unparsed($site, $version);
    same_as_executed($site, $version);
    no_secrets($site, $version);
    $site->httpd->stop;
    $site->odoo->stop;
}
finish();
