# Passwords, tokens, keys and cookies that people send are found nowhere: not in the journal, not in
# the database, not in the files about sessions, not in the error log, not in the CSV.

use v5.36;
use File::Find qw(find);
use FindBin;
use lib "$FindBin::Bin/lib";
use Client;
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
    $site->client->post_json('/json/2/res.partner/write', { ids => [14], vals => { city => 'Rome' } },
        headers => [ Authorization => 'bearer ' . secret('API key') ]);
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

sub found_in ($text) {
    return sort map { $secrets{$_} } grep { index($text, $_) >= 0 } keys %secrets;
}

for my $version (16 .. 19) {
    %secrets = ();
    my $site = Site->start(
        version => $version,
        server  => "LogLevel user_audit:trace8\n",
        vhost   => "UserAuditTrack * *\n"
    );
    my $admin = keep_cookie($site->login('admin'));

    logins($site);
    changed_passwords($admin);
    settings($admin);
    other_ways($site);
    broken_calls($admin);
    my $csv = $admin->get('/audit-admin/activity.csv')->{body};
    $admin->get('/web/session/logout');
    keep_cookie($site->login('demo'));
    keep_cookie($admin);
    $site->trail->settle($site->client);

    cmp_ok(scalar $site->trail->events(model => 'res.users'), '>=', 3, "$version: the calls are on record");
    is_deeply([ found_in($csv) ], [], "$version: nothing in the CSV");
    is_deeply([ found_in($site->httpd->error_log) ], [], "$version: nothing in the error log");
    for my $live (1, 0) {
        $site->httpd->stop if !$live;
        my @files = files_below($site->httpd->state_dir);

        cmp_ok(scalar @files, '>=', 2, "$version: there are files");
        is_deeply([ found_in(content($_)) ], [], "$version: nothing in " . s{.*/}{}r) for @files;
    }
    $site->odoo->stop;
}

finish();
