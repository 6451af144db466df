#!/usr/bin/perl
# What a session was shown of a record before it changed it is on record as the old value: to this
# session, of these fields, and never a guess.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/lib";
use Client qw();
use Site;
use Test::More;

my ($azure, $deco, $gemini, $ready) = (14, 15, 16, 17);
my %city = ($azure => 'Fremont', $deco => 'Pleasant Hill', $gemini => 'Fairfield', $ready => 'Tracy');

sub list ($client, $version, @fields) {
    my %named = $version == 16 ? (fields => \@fields) : (specification => { map { $_ => {} } @fields });

    return $client->call_kw('res.partner', 'web_search_read', [], { domain => [], %named })->{result}{records};
}

sub form ($client, $version, $id, @fields) {
    return $version == 16
        ? $client->call_kw('res.partner', 'read', [ [$id], \@fields ])
        : $client->call_kw('res.partner', 'web_read', [ [$id] ], { specification => { map { $_ => {} } @fields } });
}

# As the web client of that version saves a form.
sub save ($client, $version, $id, $values, @shown) {
    return $version == 16
        ? $client->call_kw('res.partner', 'write', [ [$id], $values ])
        : $client->call_kw('res.partner', 'web_save', [ [$id], $values ],
            { specification => { map { $_ => {} } @shown } });
}

sub old_values ($event) { return length $event->{old_values} ? Client::decode_json($event->{old_values}) : undef }

# The old values of the session's last write.
sub last_old ($site, $client) {
    my @writes = $site->trail->settle($client)->events(operation => 'write');

    return old_values($writes[-1]);
}

sub shown_and_changed ($site, $version) {
    my ($admin, $demo) = map { $site->login($_) } qw(admin demo);

    ok scalar @{ list($admin, $version, qw(name city)) }, "$version: a list";
    save($admin, $version, $azure, { city => 'Paris', phone => '1' }, 'city');
    my ($write) = $site->trail->wait_for(1, operation => 'write', record_ids => $azure);
    is_deeply old_values($write), { city => 'Fremont' },
        "$version: shown in a list, old and new; what was not shown has no old value";
    like $write->{values}, qr/"city":"Paris"/, "$version: the new one stands beside it";

    form($admin, $version, $deco, qw(name city email is_company));
    save($admin, $version, $deco, { city => 'Rome', is_company => \0 });
    is_deeply last_old($site, $admin), { city => 'Pleasant Hill', is_company => Client::decode_json('true') },
        "$version: shown in a form";
    save($admin, $version, $deco, { city => 'Oslo', name => 'Deco' });
    is_deeply last_old($site, $admin), { name => 'Deco Addict' },
        "$version: after a write that showed nothing, what it wrote is unknown and the rest is not";

    save($demo, $version, $gemini, { city => 'Bonn' });
    is last_old($site, $demo), undef, "$version: shown to another session alone";
    save($admin, $version, $gemini, { city => 'Kiel' });
    is_deeply last_old($site, $admin), { city => 'Fairfield' }, "$version: as last shown, not as it last was";
    form($admin, $version, $gemini, 'city');
    $admin->call_kw('res.partner', 'write', [ [ $gemini, $ready ], { city => 'Lund' } ]);
    is_deeply last_old($site, $admin), { $gemini => { city => 'Kiel' }, $ready => { city => 'Tracy' } },
        "$version: of several records each under its id";
    return $admin;
}

# A save's answer shows the record as it is then.
sub shown_by_a_save ($site, $admin, $version) {
    return if $version == 16;
    save($admin, $version, $ready, { city => 'Graz' }, qw(name city));
    save($admin, $version, $ready, { city => 'Linz' }, qw(name city));
    is_deeply last_old($site, $admin), { city => 'Graz' }, "$version: shown by the answer to a save";
    return;
}

# An error leaves what was shown as it was.
sub after_an_error ($site, $admin, $version) {
    form($admin, $version, $azure, 'city');
    $admin->call_kw('res.partner', 'write', [ [ $azure, 999_999 ], { city => 'Turin' } ]);
    save($admin, $version, $azure, { city => 'Pisa' });
    is_deeply last_old($site, $admin), { city => 'Paris' }, "$version: a write that failed changes nothing";
    return;
}

sub secrets ($site, $admin, $version) {
    $admin->call_kw('ir.config_parameter', 'create', [ { key => 'x.token', value => 'OLD-SECRET' } ]);
    my ($parameter) = @{ $admin->call_kw('ir.config_parameter', 'search_read', [],
            { domain => [ [ 'key', '=', 'x.token' ] ], fields => [qw(key value)] })->{result} };
    $admin->call_kw('ir.config_parameter', 'write', [ [ $parameter->{id} ], { value => 'NEW', key => 'x.tokens' } ]);
    is_deeply last_old($site, $admin), { key => 'x.token' }, "$version: a secret has no old value";

    form($admin, $version, $deco, qw(email city));
    save($admin, $version, $deco, { email => 'new@example.com', city => 'Wien' });
    is_deeply last_old($site, $admin), { city => 'Oslo' }, "$version: nor has a field that is redacted here";
    unlike $site->trail->describe . join('', map { $_->{old_values} . $_->{values} } $site->trail->events),
        qr/OLD-SECRET|deco_addict\@/, "$version: neither is anywhere";
    return;
}

sub long_texts ($site, $admin, $version) {
    my $text = 'Lorem ipsum ' x 200;

    save($admin, $version, $azure, { comment => $text });
    form($admin, $version, $azure, 'comment');
    save($admin, $version, $azure, { comment => 'short' });
    my $old = last_old($site, $admin)->{comment};
    is $old->{'$length'}, length $text, "$version: a long text is its length";
    like $old->{'$head'}, qr/^Lorem ipsum/, "$version: its head";
    like $old->{'$sha256'}, qr/^[0-9a-f]{64}$/, "$version: and its hash";
    return;
}

# Of a large answer the begin is kept; what stood behind it was shown all the same, so that an older
# answer has no say.
sub beyond_what_is_kept ($site, $admin, $version) {
    form($admin, $version, $_, 'city') for $gemini, $ready;
    save($admin, $version, $azure, { comment => 'Lorem ipsum ' x 3000 });
    $admin->call_kw('res.partner', 'read', [ [ $gemini, $azure, $ready ], [qw(city comment)] ]);
    $admin->call_kw('res.partner', 'write', [ [ $gemini, $azure, $ready ], { phone => '1', city => 'Bern' } ]);
    is_deeply [ keys %{ last_old($site, $admin) } ], [$gemini], "$version: what a large answer begins with";
    return;
}

sub over_a_restart ($site, $admin, $version) {
    form($admin, $version, $ready, qw(name city));
    $site->httpd->graceful;
    save($admin, $version, $ready, { name => 'Ready', city => 'Brno' });
    my $old = last_old($site, $admin);
    is $old->{name}, 'Ready Mat', "$version: kept over a graceful restart";

    my ($row) = grep { $_->{values} =~ /Brno/ } $site->trail->csv($admin, 'operation=write');
    is_deeply old_values($row), $old, "$version: in the CSV";
    my $page = $admin->get("/audit-admin/activity/$row->{id}")->{body};
    like $page, qr/as last shown to this session/, "$version: the event's page says what it is";
    like $page, qr{<bdi>Ready Mat</bdi></td><td class="new"><bdi>Ready</bdi>}, "$version: both values on it";
    return;
}

sub another_session ($site, $version) {
    my $client = $site->login('admin');

    form($client, $version, $azure, 'city');
    $client->get('/web/session/logout');
    $client = $site->login('admin');
    save($client, $version, $azure, { city => 'Cork' });
    is last_old($site, $client), undef, "$version: a new session of the same person was shown nothing";
    return;
}

sub switched_off ($version) {
    my $site = Site->start(version => $version, vhost => "UserAuditOldValues Off\n");
    my $client = $site->login('admin');

    form($client, $version, $azure, 'city');
    save($client, $version, $azure, { city => 'Paris' });
    is last_old($site, $client), undef, "$version: off, nothing is remembered";
    return;
}

# A program that brings its API key with each call.
sub programs ($site) {
    my $key = '5f1c0ffee0badc0de5f1c0ffee0badc0de5f1c0f';
    my $client = $site->client;
    my $call = sub ($method, @arguments) {
        return $client->post_json('/jsonrpc', $client->envelope({ service => 'object', method => 'execute_kw',
                args => [ 'odoo', 2, $key, 'res.partner', $method, @arguments ] }));
    };

    $call->('read', [ [$azure], ['city'] ]) for 1 .. 2; # the first one is what names the caller
    $call->('write', [ [$azure], { city => 'Nice' } ]);
    is_deeply last_old($site, $client), { city => $city{$azure} }, 'a program that is known by its key';
    return;
}

for my $version (16 .. 19) {
    my $site = Site->start(version => $version, vhost => "UserAuditRedact email\n");
    my $admin = shown_and_changed($site, $version);

    shown_by_a_save($site, $admin, $version);
    after_an_error($site, $admin, $version);
    secrets($site, $admin, $version);
    long_texts($site, $admin, $version);
    beyond_what_is_kept($site, $admin, $version);
    over_a_restart($site, $admin, $version);
    another_session($site, $version);
}
switched_off(18);
programs(Site->start(version => 18));
finish();
