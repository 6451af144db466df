#!/usr/bin/perl
# What an attacker or an unusual configuration does to the module within httpd: bytes smuggled through a
# cookie, sessions ended in mid-upload, ways to Odoo that other modules open.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/lib";
use Client;
use File::Temp qw(tempdir);
use Site;
use Standin;
use Test::More;
use Time::HiRes qw(sleep);

sub end_session_of ($admin, $login) {
    my $list = Client::decode_json($admin->get('/audit-admin/sessions?format=json')->{body});
    my ($row) = grep { $_->{state} eq 'open' && ($_->{login} // '') eq $login } @{ $list->{sessions} };

    return $admin->post_json("/audit-admin/sessions/$row->{reference}/revoke",
        { csrf_token => $list->{csrf_token} });
}

sub write_body ($client, $city) {
    return Client::encode_json($client->envelope(
        { model => 'res.partner', method => 'write', args => [ [14], { city => $city } ], kwargs => {} }));
}

# The visitor's cookie becomes a header of our own question to Odoo.
sub line_ends_in_a_cookie {
    my $recorder = Standin->record;
    my $site = Site->start(odoo => $recorder);

    for my $value ('a\\015\\012X-Smuggled: 1', 'a\\012X-Smuggled: 1', 'a\\073 X-Smuggled=1', 'a,b') {
        my $answer = $site->client->get('/audit-admin/sessions', Cookie => qq{session_id="$value"});

        is $answer->{status}, 303, "the visitor with session_id=\"$value\" is nobody";
    }
    is $recorder->output =~ s/^listening.*\n//r, '', 'and Odoo is not asked about it';
    $site->client->get('/audit-admin/sessions', Cookie => 'session_id=' . 'a' x 40);
    like $recorder->output, qr/^Cookie: session_id=a{40}\r$/m, 'while a session is asked for';
    return;
}

sub send_half ($client, $socket, $body, $chunked) {
    my $half = substr $body, 0, length($body) / 2;

    print $socket "POST /web/dataset/call_kw HTTP/1.1\r\nHost: localhost\r\n"
        . "Content-Type: application/json\r\nCookie: " . $client->cookie_header . "\r\n"
        . ($chunked ? sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n", length $half, $half)
                    : 'Content-Length: ' . length($body) . "\r\n\r\n$half");
    return substr $body, length $half;
}

sub ended_in_mid_upload {
    my $site = Site->start(version => 18, allow => [qr/\[proxy(?:_http)?:error\].*AH0\d+/]);
    my $admin = $site->login('admin');

    for my $chunked (0, 1) {
        my $demo = $site->login('demo');
        my $what = $chunked ? 'chunked' : 'whole';
        my $socket = $demo->connect;
        my $rest = send_half($demo, $socket, write_body($demo, 'x' x 100_000), $chunked);

        sleep 0.5;
        is end_session_of($admin, 'demo')->{status}, 200, "$what: ended while it uploads";
        print $socket $chunked ? sprintf("%x\r\n%s\r\n0\r\n\r\n", length $rest, $rest) : $rest;
        is $demo->read_response($socket, 'POST')->{status}, 401, "$what: refused";
        print $socket "GET /web/login HTTP/1.1\r\nHost: localhost\r\n\r\n";
        is $demo->read_response($socket, 'GET')->{status}, 200, "$what: the connection goes on";
    }
    $site->trail->settle($site->client);
    is_deeply [ grep { ($_->{operation} // '') eq 'write' } $site->odoo->operations ], [],
        'Odoo got neither call';
    is_deeply [ $site->trail->query('SELECT path FROM pending') ], [], 'nothing waits for an outcome';
    is scalar $site->trail->events(operation => 'session_refused'), 2, 'each refusal is on record';
    return;
}

# A RewriteRule in a <Location> makes a second request inside httpd.
sub redirected_within {
    my $site = Site->start(version => 18, modules => ['rewrite'], vhost => <<~'VHOST');
        ProxyPass /unproxied !
        <LocationMatch "^/(?:proxied|unproxied)$">
            RewriteEngine On
            RewriteRule ^ /web/dataset/call_kw [L]
        </LocationMatch>
        VHOST
    my ($demo, $admin) = map { $site->login($_) } qw(demo admin);
    my $cookie = $demo->session_id;
    my $write = sub ($path) {
        $demo->session_id($cookie);
        return $demo->request('POST', $path, body => write_body($demo, $path),
            headers => [ 'Content-Type' => 'application/json' ])->{status};
    };

    is $write->($_), 200, "$_: rewritten to a call" for qw(/proxied /unproxied);
    my @writes = $site->trail->wait_for(2, operation => 'write', login => 'demo');
    is_deeply [ map { "$_->{model},$_->{record_ids} $_->{outcome}" } @writes ],
        [ ('res.partner,14 success') x 2 ], 'each is the call that Odoo got';
    end_session_of($admin, 'demo');
    is $write->($_), 401, "$_: refused when the session is ended" for qw(/proxied /unproxied);
    return;
}

# Sections that say nothing of the handler hold for the page as well, and come behind the one that does.
sub page_below_other_sections {
    my $site = Site->start(version => 18, vhost => <<~'VHOST');
        ProxyPass /trail !
        <LocationMatch "^/trail/(?:one|two)">
            SetHandler user-audit-admin
        </LocationMatch>
        <Location />
            Require all granted
        </Location>
        <Location /audit-admin/sessions>
            Require all granted
        </Location>
        VHOST
    my $admin = $site->login('admin');

    for my $base ('/audit-admin', '/trail/one') {
        my $answer = $admin->get($base);

        is $answer->{status}, 303, "$base: leads to its first page";
        is Client::header($answer, 'Location'), "$base/overview", "$base: below itself";
        is $admin->get("$base/sessions")->{status}, 200, "$base: and that is there";
        is $admin->get("$base/activity.csv")->{status}, 200, "$base: the CSV too";
    }
    is $admin->get('/trail/onetwo')->{status}, 404, 'a longer name is another';
    return;
}

# A static page with a page of Odoo's in it.
sub included_in_a_page {
    my $pages = tempdir(CLEANUP => 1);
    my $site = Site->start(version => 18, modules => ['include'], allow => [qr{unable to include "/odoo"}]);
    my ($port, $upstream) = ($site->httpd->port, $site->odoo->url);

    chmod 0755, $pages;
    open my $file, '>', "$pages/frame.shtml" or die $!;
    print $file '<!--#include virtual="/odoo" -->';
    close $file;
    $site->httpd->configure(vhost => <<~"VHOST")->graceful;
        </VirtualHost>
        <VirtualHost *:$port>
        ServerName pages.test
        UserAudit On
        UserAuditSite 127.0.0.1
        DocumentRoot $pages
        <Directory $pages>
            Require all granted
            Options +Includes
            SetOutputFilter INCLUDES
        </Directory>
        ProxyPass /odoo $upstream/odoo
        VHOST
    my ($demo, $admin) = map { $site->login($_) } qw(demo admin);
    my $cookie = $demo->session_id;
    my $page = sub { $demo->request('GET', '/frame.shtml', host => 'pages.test')->{body} };

    like $page->(), qr/__session_info__/, 'a page includes one of Odoo';
    end_session_of($admin, 'demo');
    $demo->session_id($cookie);
    unlike $page->(), qr/__session_info__/, 'and nothing of it for an ended session';
    return;
}

# Where "ProxyPass /page !" was forgotten, mod_proxy has claimed the page's addresses too.
sub page_that_is_proxied {
    my $site = Site->start(version => 18, vhost => <<~'VHOST');
        <Location /page>
            SetHandler user-audit-admin
        </Location>
        VHOST
    my $admin = $site->login('admin');
    my $answer = $admin->post_json('/page/sessions/none/revoke', { csrf_token => 'none' });

    is $answer->{status}, 403, 'the page answers itself';
    $site->trail->settle($site->client);
    is_deeply [ $site->trail->events(path => qr{^/page}) ], [], 'and takes itself for no call of Odoo';
    return;
}

sub one_httpd_to_a_folder {
    my $site = Site->start(version => 18);
    my $second = Httpd->new(
        upstream => $site->odoo->url,
        server   => 'UserAuditStateDir ' . $site->httpd->state_dir,
        allow    => [ qr/is in use by another httpd/, qr/AH00020/ ]
    );
    my $pid = $site->httpd->process->pid;

    is $second->try_start, 0, 'a second httpd on the same folder does not start';
    like $second->error_log, qr/is in use by another httpd \(pid $pid\)/, 'and says who holds it';
    $site->httpd->graceful;
    is $second->try_start, 0, 'nor after a restart of the first';
    my @orphans = $site->httpd->crash;
    is $second->try_start, 1, 'but over the children of one that was killed';
    kill KILL => grep { kill 0, $_ } @orphans;
    return;
}

# The gate let the upload in while the session was not idle for too long, and it ends later than that.
sub idle_time_ends_in_mid_upload {
    my $site = Site->start(version => 18, vhost => 'UserAuditIdleTimeout 5s');
    my $demo = $site->login('demo');
    my $socket = $demo->connect;
    my $rest = send_half($demo, $socket, write_body($demo, 'Idle'), 0);

    sleep 5.5;
    print $socket $rest;
    is $demo->read_response($socket, 'POST')->{status}, 200, 'a slow upload is no idleness';
    is $demo->rpc('/web/dataset/call_kw', {})->{http}{status}, 200, 'and the session lives on';
    return;
}

line_ends_in_a_cookie();
ended_in_mid_upload();
redirected_within();
page_below_other_sections();
included_in_a_page();
page_that_is_proxied();
one_httpd_to_a_folder();
idle_time_ends_in_mid_upload();
finish();
