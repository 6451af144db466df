# Passwords, tokens, keys and cookies that people send or that Odoo answers are found nowhere: not in
# the journal, not in the database, not in the files about sessions, not in the error log, not in the
# CSV, not in a mail and not in what a webhook is sent.

use v5.36;
use File::Find qw(find);
use FindBin;
use lib "$FindBin::Bin/lib";
use Client;
use Postgres ();
use Sink;
use Site;
use Test::More;

my %secrets;    # value => what it is

sub secret ($what) {
    my $value = join '', map { ('a' .. 'z', 0 .. 9)[ rand 36 ] } 1 .. 20;
    $secrets{$value} = $what;
    return $value;
}

sub keep_cookie ($client) {
    $secrets{ $client->session_id } = 'session cookie' if $client->session_id;
    return $client;
}

sub logins ($site) {
    $site->client->login('admin', secret('wrong password in the form'));
    $site->client->authenticate('admin', secret('wrong password by JSON'));
    $site->client->get('/web/reset_password?token=' . secret('token in a query'));
    $site->client->get('/my/orders/1?access_token=' . secret('access token in a query'));
    $site->client->post_json('/web/hook/' . secret('address of a webhook'), { a => 1 });
    $site->login('demo')->post_json("/my/$_", {}) for '3;access_token=' . secret('token in a path'),
        'share/Zk8qLrT2vXw91mNbYc' . secret('link of a share');
    $site->client->get('/web/login', Authorization => 'Bearer ' . secret('bearer token'));
    $site->client->post_form('/web/database/create', { master_pwd => secret('master password'), name => 'x' });
    return;
}

sub changed_passwords ($admin) {
    $admin->call_kw('res.users', 'write', [ [6], { password => secret('password written') } ]);
    $admin->call_kw('res.users', 'change_password', [ secret('old password'), secret('new password') ]);
    $admin->call_kw('res.users', 'create', [ { login => 'x' . rand, name => 'X', password => secret('first password') } ]);
    $admin->call_kw('change.password.wizard', 'create', [
        { user_ids => [ [ 0, 0, { user_id => 6, user_login => 'demo', new_passwd => secret('password in a wizard line') } ] ] }
    ]);
    $admin->call_kw('res.users.identitycheck', 'create', [ { password => secret('password of an identity check') } ]);
    $admin->call_kw('res.users.identitycheck', 'run_check', [ [1] ], { context => { password => secret('password in a context') } });
    return;
}

sub settings ($admin) {
    $admin->call_kw('ir.config_parameter', 'set_param', [ 'database.secret', secret('parameter set by name') ]);
    $admin->call_kw('ir.config_parameter', 'create', [ { key => 'my.api_key', value => secret('parameter created') } ]);
    $admin->call_kw('ir.config_parameter', 'write', [ [1], { value => secret('parameter written without its key') } ]);
    $admin->call_kw('ir.mail_server', 'create', [ { name => 'Mail', smtp_pass => secret('mail password') } ]);
    $admin->call_kw('ir.attachment', 'create', [ { name => 'key.pem', datas => secret('short file') } ]);
    $admin->call_kw('res.partner', 'message_post', [ [14] ], { attachments => [ [ 'k', secret('attached file') ] ] });
    $admin->call_kw('pos.order', 'create_from_ui', [ [ { data => { access_token => secret('token of an order') } } ] ]);
    $admin->call_kw('res.partner', 'anything', [ [14], { a => [ { api_key => secret('nested key') } ] } ],
        { context => { active_id => 14, secret => secret('secret in a context') } });
    $admin->call_kw('res.partner', 'write', [ [14], { signature => secret('signature'), card_number => secret('card number') } ]);
    return;
}

# Ways in from outside carry the password in each call.
sub other_ways ($site) {
    my $params = { service => 'object', method => 'execute_kw',
        args => [ 'odoo', 2, secret('RPC password'), 'res.partner', 'write', [ [14], { city => 'Rome' } ] ] };

    $site->client->rpc('/jsonrpc', $params);
    $site->client->rpc('/jsonrpc',
        { service => 'common', method => 'login', args => [ 'odoo', 'admin', secret('RPC login password') ] });
    $site->client->request('POST', '/xmlrpc/2/common', headers => [ 'Content-Type' => 'text/xml' ],
        body => '<?xml version="1.0"?><methodCall><methodName>authenticate</methodName><params>'
            . join('', map { "<param><value><string>$_</string></value></param>" } 'odoo', 'admin', secret('XML-RPC password'))
            . '<param><value><struct></struct></value></param></params></methodCall>');
    $site->client->request('POST', "/xmlrpc/$_/object", headers => [ 'Content-Type' => 'text/xml' ],
        body => '<?xml version="1.0"?><methodCall><methodName>execute_kw</methodName><params>'
            . join('', map { "<param><value>$_</value></param>" } '<string>odoo</string>', '<int>2</int>',
                '<string>' . secret("XML-RPC password of a call ($_)") . '</string>', '<string>res.users</string>', '<string>write</string>',
                '<array><data><value><array><data><value><int>6</int></value></data></array></value><value><struct><member><name>password</name><value>'
                . secret("password written by XML-RPC ($_)") . '</value></member></struct></value></data></array>')
            . '</params></methodCall>') for 1, 2;
    $site->client->rpc('/jsonrpc', { service => 'db', method => $_, args => [ secret("master password of $_"), 'x', 'y' ] }) for qw(drop dump rename);
    $site->client->rpc('/jsonrpc', { service => 'db', method => 'change_admin_password', args => [ secret('old master password'), secret('next master password') ] });
    $site->client->rpc('/jsonrpc', { service => 'object', method => 'execute', args => [ 'odoo', 2, secret('password of execute'), 'res.users', 'write', [6], { password => secret('password written by execute') } ] });
    $site->client->post_json('/json/2/res.users/change_password', { old_passwd => secret('old password to /json/2'), new_passwd => secret('new password to /json/2') },
        headers => [ Authorization => 'Bearer ' . secret('another API key') ]);
    $site->client->post_json('/json/2/res.partner/write', { ids => [14], vals => { city => 'Rome' } },
        headers => [ Authorization => 'bearer ' . secret('API key') ]);
    return;
}

# Secrets that Odoo answers, to reads of all kinds and to saves; then they are old values.
sub shown ($admin, $version) {
    my @fields = qw(pin x_password signup_token);
    my %named = $version == 16 ? (fields => \@fields) : (specification => { map { $_ => {} } @fields });
    my %values = map { $_ => secret("$_ that an answer shows") } @fields;
    my @answers;
    my $id = $admin->call_kw('hr.employee', 'create', [ { name => 'Ada' } ])->{result};

    $admin->call_kw('hr.employee', 'write', [ [$id], \%values ]);
    push @answers, $admin->call_kw('hr.employee', @$_)
        for [ 'read', [ [$id], \@fields ] ], [ 'search_read', [ [ [ 'id', '=', $id ] ], \@fields ] ],
        [ 'web_search_read', [], { domain => [ [ 'id', '=', $id ] ], %named } ];
    push @answers, $admin->call_kw('hr.employee', @$_)
        for $version == 16 ? () : ([ 'web_read', [ [$id] ], \%named ], [ 'web_save', [ [$id], { city => 'Oslo' } ], \%named ]);
    for my $answer (@answers) {
        ok(!(grep { index($answer->{http}{body}, $_) < 0 } values %values), "$version: an answer shows secrets");
    }
    $admin->call_kw('hr.employee', 'write', [ [$id], { map { $_ => secret("$_ instead of a shown one") } @fields } ]);
    my $made = $admin->call_kw('res.users.apikeys.description', 'create', [ { name => 'key' } ])->{result};
    my $shown = $admin->call_kw('res.users.apikeys.description', 'make_key', [ [ ref $made ? $made->[0] : $made ] ]);
    my $key = eval { $shown->{result}{context}{default_key} };
    like($key, qr/^\w{20,}$/, "$version: Odoo makes a key");
    $secrets{$key} = 'key that Odoo made';
    $admin->call_kw('res.users.apikeys.show', 'create', [ { key => secret('key that is shown') } ]);
    return;
}

# In lines, rows, lists of arguments and contexts.
sub nested ($admin) {
    my $line = { name => 'a line', password => secret('password in a line'), child_ids => [ [ 0, 0, { api_key => secret('key in a line of a line') } ] ] };

    $admin->call_kw('res.partner', 'write', [ [16], { child_ids => [ [ 0, 'virtual_1', $line ], [ 1, 14, { token => secret('token in a line') } ] ] } ]);
    $admin->call_kw('res.partner', 'load', [ [ 'name', 'password', 'child_ids/password' ],
        [ [ 'A', secret('password in a row'), secret('password in a column of lines') ] ] ]);
    $admin->call_kw('res.partner', 'create', [ [ { name => 'X', secret_key => secret('key of one of several') }, { name => 'Y', secret_key => secret('key of another') } ] ]);
    $admin->call_kw('res.users', 'set_password', [ [6], secret('positional password') ]);
    $admin->call_kw('res.users', 'check_credentials', [ secret('positional credential') ]);
    $admin->call_kw('res.partner', 'message_post', [ [14] ], { body => 'x', context => { default_password => secret('default in a context') } });
    $admin->call_kw('res.partner', 'copy', [ 14, { password => secret('password of a copy') } ]);
    $admin->call_kw('res.partner', 'create', [ { name => 'Z' } ], { context => { default_api_key => secret('default key in a context') } });
    return;
}

# Forms of pages: a password is a field of a form, multipart or not, and a token may be in any query.
sub forms ($site, $admin) {
    my $boundary = 'cut';
    my %fields = (name => 'me', password => secret('password in a form of several parts'), csrf_token => secret('token in a form'));
    my $parts = join '', map { "--$boundary\r\nContent-Disposition: form-data; name=\"$_\"\r\n\r\n$fields{$_}\r\n" } sort keys %fields;

    $parts .= "--$boundary\r\nContent-Disposition: form-data; name=\"ufile\"; filename=\"a.txt\"\r\n\r\n"
        . secret('content of a file') . "\r\n--$boundary--\r\n";
    $admin->request('POST', $_, headers => [ 'Content-Type' => "multipart/form-data; boundary=$boundary" ], body => $parts)
        for '/website/form/res.partner', '/web/binary/upload_attachment', '/mail/attachment/upload', '/base_import/set_file', '/shop/a/form';
    $admin->post_form('/website/form/res.partner', { name => 'me', password => secret('password in a website form'), token => secret('token in a website form') });
    $admin->post_form('/my/security', { op => 'password', old => secret('own old password'), new1 => secret('own new password'), new2 => secret('own new password again') });
    $admin->post_form('/my/deactivate_account', { validation => 'admin', password => secret('password to deactivate') });
    $admin->post_form('/my/account', { name => 'A', password => secret('password in a portal form') });
    $admin->post_form('/base_import_module/login_upload', { login => 'admin', password => secret('password of an upload') });
    $site->client->post_form('/web/signup', { login => 'new', name => 'New', password => secret('password at sign-up'), confirm_password => secret('password at sign-up again'), token => secret('token at sign-up') });
    $site->client->post_form('/web/reset_password', { login => 'demo', password => secret('password after a reset'), token => secret('token of a reset') });
    $site->client->post_form('/web/login/totp', { totp_token => secret('second factor') });
    $site->client->post_form("/web/database/$_", { master_pwd => secret("master password to $_"), master_pwd_new => secret("new master password to $_"), name => 'x' })
        for qw(drop duplicate restore backup change_password);
    $admin->get($_ . secret("token in the query of $_"))
        for '/web/export/csv?token=', '/report/pdf/sale.report_saleorder/1?access_token=', '/web/content/12?access_token=', '/web/image/res.partner/14/image_128?unique=1&access_token=',
        '/mail/unfollow?model=res.partner&res_id=14&pid=3&token=', '/lead/case_mark_won?res_id=1&token=', '/calendar/meeting/accept?id=1&token=', '/unknown/page?api_key=';
    $admin->post_json('/unknown/json', { params => { password => secret('password to an unknown route'), model => 'res.partner' } });
    $admin->post_form('/unknown/form?key=' . secret('key in the query of a form'), { password => secret('password to an unknown form') });
    $site->client->request('POST', '/api/v1/partners', headers => [ 'API-Key' => secret('key in a header'), 'Content-Type' => 'application/json' ], body => '{}');
    $site->client->request('POST', '/mail_plugin/partner/create', headers => [ Authorization => secret('key of a mail plugin'), 'Content-Type' => 'application/json' ], body => '{"params":{"email":"a@b.c"}}');
    $site->client->request('GET', '/web?session_id=' . secret('session in a query'), headers => [ 'X-Openerp-Session-Id' => secret('session in a header') ]);
    return;
}

# What cannot be read is not kept as it came.
sub broken_calls ($admin) {
    my $path = '/web/dataset/call_kw/res.users/write';
    my @type = (headers => [ 'Content-Type' => 'application/json' ]);

    $admin->request('POST', $path, @type, body => '{"params":{"model":"res.users","args":[[6],{"password":"'
            . secret('password in broken JSON'));
    $admin->request('POST', $path, @type, body => '{"params":{"model":"res.users","method":"write","args":[[6],{"p\u0061ssword":"'
            . secret('password under an escaped name') . '"}],"kwargs":{}}}');
    $admin->request('POST', $path, @type, body => '{"params":{"model":"res.users","method":"write","method":"write","args":[[6],{"password":"'
            . secret('first of two passwords') . '","password":"' . secret('second of two passwords') . '"}],"kwargs":{}}}');
    return;
}

sub files_below ($folder) {
    my @files;

    find(sub { push @files, $File::Find::name if -f }, $folder);
    return @files;
}

sub content ($file) {
    open my $handle, '<:raw', $file or return '';
    local $/;
    return <$handle> // '';
}

# As they are, or in hexadecimal digits as PostgreSQL dumps bytes.
sub found_in ($text) {
    return sort map { $secrets{$_} } grep { index($text, $_) >= 0 || index($text, unpack 'H*', $_) >= 0 } keys %secrets;
}

# One of the four keeps its trail on PostgreSQL.
sub postgres ($version) {
    my $server = $version == 18 ? Postgres->shared : undef;

    return $server ? (postgres => [ $server, $server->database ]) : ();
}

for my $version (16 .. 19) {
    %secrets = ();
    my %postgres = postgres($version);
    my ($mail, $hook) = (Sink->mail, Sink->webhook('kept-between-us'));
    my $word = "$hook->{folder}/word";
    open my $handle, '>', $word or die "$word: $!";
    print {$handle} "kept-between-us\n";
    chmod 0600, $word;
    close $handle;
    my $site = Site->start(
        version => $version,
        server  => join("\n", 'LogLevel user_audit:trace8', "UserAuditSMTP @{[ $mail->url ]}",
            'UserAuditMailFrom audit@example.com', "UserAuditWebhook @{[ $hook->url ]}/in $word", ''),
        vhost   => "UserAuditTrack * *\nUserAuditAlert new_login failed_logins=2/10m to=boss\@example.com,webhook\n",
        %postgres
    );
    my $admin = keep_cookie($site->login('admin'));

    logins($site);
    changed_passwords($admin);
    settings($admin);
    shown($admin, $version);
    nested($admin);
    other_ways($site);
    forms($site, $admin);
    broken_calls($admin);
    $site->trail->settle($site->client);
    my $csv = $admin->get('/audit-admin/activity.csv')->{body};
    $admin->get('/web/session/logout');
    keep_cookie($site->login('demo'));
    keep_cookie($admin);
    $site->trail->settle($site->client);

    cmp_ok(scalar $site->trail->events(model => 'res.users'), '>=', 3, "$version: the calls are on record");
    like($csv, qr/Rome/, "$version: what is no secret is in the CSV");
    is_deeply([ found_in($csv) ], [], "$version: nothing in the CSV");
    is_deeply([ found_in($site->httpd->error_log) ], [], "$version: nothing in the error log");
    for my $live (1, 0) {
        $site->httpd->stop if !$live;
        my @files = files_below($site->httpd->state_dir);

        cmp_ok(scalar @files, '>=', 2, "$version: there are files");
        is_deeply([ found_in(content($_)) ], [], "$version: nothing in " . s{.*/}{}r) for @files;
    }
    $mail->wait_for(1);
    for my $sink ($mail, $hook) {
        my @files = files_below($sink->{folder});

        cmp_ok(scalar @files, '>=', 2, "$version: alerts were sent");
        is_deeply([ found_in(content($_)) ], [], "$version: nothing in an alert") for @files;
    }
    if (my ($server, $database) = @{ $postgres{postgres} // [] }) {
        my $dump = $server->dump($database);

        like($dump, qr/Rome/, "$version: a dump of the whole database");
        is_deeply([ found_in($dump) ], [], "$version: nothing in it");
    }
    $site->odoo->stop;
}

finish();
