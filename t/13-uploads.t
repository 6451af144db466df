#!/usr/bin/perl
# Multipart forms: uploads of all kinds, exports and logins as the web client sends them, and forms
# that Odoo cannot read. What the stand-in executed is what the trail says.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/lib";
use Client qw();
use Site;
use Test::More;

my $BOUNDARY = '----WebKitFormBoundaryAbC123';

sub is_event ($event, $expected, $name) {
    is_deeply { map { $_ => $event->{$_} } keys %$expected }, $expected, $name;
    return;
}

sub token ($client) {
    return ($client->get('/web/login')->{body} =~ /name="csrf_token"\s+value="([^"]+)"/)[0];
}

# Fields are [name => value], files [name => value, file name, type], in the order given.
sub form (@parts) {
    my $body = '';

    for my $part (@parts) {
        my ($name, $value, $file, $type) = @$part;
        $body .= "--$BOUNDARY\r\nContent-Disposition: form-data; name=\"$name\"";
        $body .= "; filename=\"$file\"\r\nContent-Type: $type" if defined $file;
        $body .= "\r\n\r\n$value\r\n";
    }
    return "$body--$BOUNDARY--\r\n";
}

sub upload ($client, $path, $body, %options) {
    return $client->request('POST', $path,
        headers => [ 'Content-Type' => "multipart/form-data; boundary=$BOUNDARY" ],
        ($options{pieces} ? () : (body => $body)), %options);
}

# The last ids that were made.
sub made ($site, $model) {
    my @made = grep { $_->{operation} eq 'create' && $_->{model} eq $model && $_->{ok} }
        $site->odoo->operations;
    return map { @{ $_->{ids} } } @made;
}

sub attachments ($site, $client, $version) {
    my $path = '/web/binary/upload_attachment';
    my @token = [ csrf_token => token($client) ];
    my @files = ([ ufile => 'hello', 'a.txt', 'text/plain' ], [ ufile => "\r\n--x", 'b "c.bin', 'x/y' ]);
    my @record = ([ model => 'res.partner' ], [ id => 3 ]);

    upload($client, $path, form(@token, $files[0], @record));
    upload($client, $path, form(@token, @files, @record));
    upload($client, $path, form(@token, $files[0], @record, [ callback => 'oe_file_"upload' ]));
    upload($client, $path, form([ csrf_token => 'bad' ], $files[0], @record));
    my @events = $site->trail->wait_for(4, path => $path);
    my @made = made($site, 'ir.attachment');

    is_event($events[0], { operation => 'create', model => 'ir.attachment', record_ids => $made[0],
            outcome => 'success', login => 'admin' }, "$version: a file");
    like $events[0]{values}, qr/"model":"res.partner","id":"3","files":\[\{"field":"ufile","name":"a.txt","type":"text\/plain","size":5\}\]/,
        "$version: and what stood behind it";
    is $events[1]{record_ids}, "$made[1] $made[2]", "$version: two files";
    is_event($events[2], { record_ids => $made[3], outcome => 'success' },
        "$version: told inside a script");
    is_event($events[3], { record_ids => '', outcome => 'failed', status => 400 },
        "$version: without the form's token");
    return;
}

sub mail ($site, $client, $version) {
    my $path = '/mail/attachment/upload';
    my @before = made($site, 'ir.attachment');
    my $stranger = $site->client;

    upload($client, $path, form([ csrf_token => token($client) ],
        [ ufile => 'x' x 100, 'm.txt', 'text/plain' ], [ thread_id => 3 ],
        [ thread_model => 'res.partner' ], [ is_pending => 'false' ]));
    upload($client, $path, form([ csrf_token => token($client) ], [ thread_id => 3 ],
        [ thread_model => 'res.partner' ]));
    my ($good, $bad) = $site->trail->wait_for(2, path => $path);
    my @made = made($site, 'ir.attachment');

    is_event($good, { operation => 'create', model => 'ir.attachment', outcome => 'success',
            record_ids => $made[-1] }, "$version: a file of a message");
    is scalar @made, @before + 1, "$version: one was made";
    is_event($bad, { operation => 'create', record_ids => '', outcome => 'failed', status => 200 },
        "$version: one that was refused with status 200");
    return;
}

sub import_file ($site, $client, $version) {
    my $id = $client->call_kw('base_import.import', 'create', [ { res_model => 'res.partner' } ])->{result};
    my ($file, $number) = $version == 16 ? qw(file import_id) : qw(ufile id);

    $id = $id->[0] if ref $id;
    upload($client, '/base_import/set_file', form([ csrf_token => token($client) ],
        [ $file => "name\nAda\n", 'p.csv', 'text/csv' ], [ jsonp => 'callback' ], [ $number => $id ]));
    my ($event) = $site->trail->wait_for(1, path => '/base_import/set_file');

    is_event($event, { operation => 'write', model => 'base_import.import', record_ids => $id,
            outcome => 'success' }, "$version: a file to import");
    return $id;
}

# Only its answer tells what an import made; the id it is called with is that of its own record.
sub import_rows ($site, $client, $version, $id) {
    my $import = sub ($fields, $number, $who = $client) {
        return $who->call_kw('base_import.import', 'execute_import',
            [ $number, $fields, ['name'], { has_headers => JSON::PP::true } ]);
    };
    my $made = $import->( ['name'], $id )->{result}{ids};
    $import->( ['no_such_field'], $id );
    my @events = $site->trail->wait_for(2, operation => 'import');

    is_event($events[0], { model => 'res.partner', record_ids => "@$made", outcome => 'success' },
        "$version: an import, by the model of its record");
    is_event($events[1], { model => 'res.partner', record_ids => '', record_count => '' },
        "$version: one that failed made nothing");
    isnt $events[1]{outcome}, 'success', "$version: and says so";
    $import->( ['name'], $id, $site->login('admin') );
    my $event = ($site->trail->wait_for(3, operation => 'import'))[-1];
    is_event($event, { model => '', record_count => 1, outcome => 'success' },
        "$version: one whose record another session made, without a model rather than a wrong one");
    return;
}

# A file much larger than any buffer, in pieces, with a model behind it.
sub large ($site, $client, $version) {
    my $path = '/web/binary/upload_attachment';
    my $size = 5 << 20;
    my $body = form([ csrf_token => token($client) ],
        [ ufile => "\r\n--" x ($size / 4), 'large.bin', 'x/y' ], [ model => 'res.users' ], [ id => 2 ]);

    upload($client, $path, '', pieces => [ unpack '(a65537)*', $body ], chunked => 1);
    my ($event) = $site->trail->wait_for(1, path => $path, values => qr/"res.users"/);

    is_event($event, { operation => 'create', record_ids => (made($site, 'ir.attachment'))[-1],
            outcome => 'success' }, "$version: a large file");
    like $event->{values}, qr/"name":"large.bin","type":"x\/y","size":$size/, "$version: and its size";
    return;
}

sub exports ($site, $client, $version) {
    my $data = Client::encode_json({ model => 'res.partner', ids => [ 1, 3 ], domain => [],
        import_compat => JSON::PP::false, fields => [ { name => 'name', label => 'Name' } ] });
    my $pivot = Client::encode_json({ model => 'crm.lead', title => 'Pipeline', rows => [] });
    my @token = [ csrf_token => token($client) ];

    upload($client, '/web/export/csv', form([ data => $data ], [ token => 'x' ], @token));
    upload($client, '/web/pivot/export_xlsx',
        form([ data => $pivot, 'blob', 'application/json' ], @token));
    my ($export, $pivoted) = $site->trail->wait_for(2, operation => 'export');

    is_event($export, { model => 'res.partner', record_ids => '1 3', fields => 'name',
            outcome => 'success' }, "$version: an export");
    is_event($pivoted, { model => 'crm.lead', outcome => 'success' },
        "$version: a pivot table, whose data are a file");
    return;
}

sub logins ($site, $version) {
    my $client = $site->client;
    my @token = [ csrf_token => token($client) ];

    upload($client, '/web/login', form(@token, [ login => 'demo' ], [ password => 's3cret' ]));
    upload($client, '/web/login', form(@token, [ login => 'demo' ], [ login => 'admin' ],
        [ password => 'demo' ]));
    my ($login)  = $site->trail->wait_for(1, path => '/web/login', operation => 'login', login => 'demo');
    my ($failed) = $site->trail->events(path => '/web/login', operation => 'login_failed');

    is $login->{outcome}, 'success', "$version: a login by a multipart form";
    is_event($failed, { login => 'demo', outcome => 'denied' }, "$version: one that failed");
    return;
}

# What Odoo does not read must not look as if it had.
sub malformed ($site, $client, $version) {
    my $path = '/web/binary/upload_attachment';
    my $body = form([ csrf_token => token($client) ], [ ufile => 'x', 'mal.txt', 'x/y' ], [ model => 'res.bank' ]);

    upload($client, $path, substr $body, 0, -8);
    my ($event) = $site->trail->wait_for(1, path => $path, flags => qr/malformed/);

    is_event($event, { operation => 'create', record_ids => '', values => '' },
        "$version: a form without its end");
    isnt $event->{outcome}, 'success', "$version: made nothing";
    return;
}

sub unknown ($site, $client, $version) {
    upload($client, '/my/module/upload', form([ pin => 's3cret' ], [ file => 'x', 'a', 'b/c' ]));
    my ($event) = $site->trail->wait_for(1, path => '/my/module/upload');

    is_event($event, { operation => 'call', model => '', values => '', status => 404 },
        "$version: a form to a route that nobody knows");
    return;
}

# A form of a website has whatever fields its author gave it.
sub website ($site, $client, $version) {
    my $path = '/website/form/crm.lead';
    my %fields = (csrf_token => token($client), name => "Ada", 'Your question' => 'Why?', password => 's3cret');

    upload($client, "$path?utm=mail", form((map { [ $_ => $fields{$_} ] } sort keys %fields), [ 'file[0]' => 'x', 'cv.pdf', 'application/pdf' ]));
    $client->post_form($path, \%fields);
    $client->post_form($path, { %fields, name => '' });
    my ($parts, $plain, $bad) = $site->trail->wait_for(3, path => $path);

    is_event($parts, { operation => 'create', model => 'crm.lead', outcome => 'success', fields => 'Your_question name password utm',
            values => '{"Your question":"Why?","name":"Ada","password":"[redacted]","utm":"mail",'
                . '"files":[{"field":"file[0]","name":"cv.pdf","type":"application/pdf","size":1}]}',
            record_ids => (made($site, 'crm.lead'))[-2] }, "$version: a form of a website with a file");
    is join(' ', sort split / /, $plain->{fields}), 'Your_question name password', "$version: a plain one";
    is_event($plain, { operation => 'create', outcome => 'success', record_ids => (made($site, 'crm.lead'))[-1] }, "$version: and what it made");
    like $plain->{values}, qr/"Your question":"Why\?"/, "$version: and what was asked";
    is_event($bad, { operation => 'create', outcome => 'failed', record_ids => '' }, "$version: one that lacks something");
    return;
}

sub no_secrets ($site, $version) {
    my $text = join "\n", map { values %$_ } $site->trail->events;

    unlike $text, qr/s3cret/, "$version: no secret on record";
    return;
}

for my $version (16 .. 19) {
    my $site = Site->start(version => $version, vhost => "UserAuditTrack * *\n");
    my $client = $site->login('admin');

    attachments($site, $client, $version);
    mail($site, $client, $version);
    import_rows($site, $client, $version, import_file($site, $client, $version));
    large($site, $client, $version);
    exports($site, $client, $version);
    logins($site, $version);
    malformed($site, $client, $version);
    unknown($site, $client, $version);
    website($site, $client, $version);
    no_secrets($site, $version);
    $site->httpd->stop;
    $site->odoo->stop;
}
finish();
