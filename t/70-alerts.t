# Alerts: what raises one, who gets it, what the mail says, and what a mail server that refuses,
# stalls or is not there costs.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/lib";
use Client ();
use Process;
use Sink;
use Site;
use Test::More;
use Tree;

my $SECRET = 'kept-between-us';
my $CHROME = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36';
my $FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0';

# A file that its owner alone may read.
sub secret_file ($content) {
    state $folder = File::Temp::tempdir('secrets-XXXXXX', TMPDIR => 1, CLEANUP => 1);
    state $count = 0;
    my $path = "$folder/" . $count++;

    open my $file, '>', $path or die "$path: $!";
    print {$file} $content;
    close $file;
    chmod 0600, $path;
    return $path;
}

sub server ($mail, @more) {
    return join "\n", "UserAuditSMTP @{[ $mail->url ]}", 'UserAuditMailFrom audit@example.com',
        "UserAuditUserAgents @{[ top() ]}/t/unit/user_agent_rules.yaml", @more, '';
}

sub start ($mail, $alerts, %options) {
    return Site->start(version => 17, modules => ['remoteip'],
        vhost => "UserAuditPageURL https://erp.example.com/audit-admin\n$alerts\n",
        server => server($mail, "RemoteIPHeader X-Forwarded-For\nRemoteIPInternalProxy 127.0.0.1", @{ $options{server} // [] }),
        allow => $options{allow} // []);
}

# A first login, then the same once more, then another browser.
{
    my $mail = Sink->mail;
    my $hook = Sink->webhook($SECRET);
    my $file = secret_file("$SECRET\n");
    my $site = start($mail, "UserAuditAlert new_login to=boss\@example.com\n"
            . "UserAuditAlert new_device new_place to=security\@example.com,webhook",
        server => [ "UserAuditWebhook @{[ $hook->url ]}/in $file" ]);

    $site->login('demo', agent => $CHROME);
    my @mails = $mail->wait_for(2);
    my ($boss) = grep { $_->{headers}{to} eq 'boss@example.com' } @mails;
    my ($security) = grep { $_->{headers}{to} eq 'security@example.com' } @mails;
    is(scalar @mails, 2, 'a first login raises an alert, one mail to each');
    is_deeply($boss->{defects}, [], 'the mail has no defects');
    is($boss->{type}, 'multipart/alternative', 'it is text and HTML');
    is_deeply([ map { $_->{type} } @{ $boss->{parts} } ], [ 'text/plain', 'text/html' ], 'in this order');
    like($boss->{headers}{subject}, qr/^\[127\.0\.0\.1\] New login as demo$/, 'the subject says what');
    like($boss->{headers}{'message-id'}, qr/^<[0-9a-f]{32}\@[\w.-]+>$/, 'Message-ID');
    ok($boss->{date}, 'Date');
    is($boss->{headers}{'x-sink-from'}, 'audit@example.com', 'the envelope has the sender');
    for my $part (@{ $boss->{parts} }) {
        my $text = $part->{text};

        like($text, qr/$_/, "$part->{type} says $_")
            for 'demo', 'Chrome 126', 'Windows 10/11', 'PC', '127\.0\.0\.1', 'private network',
            '\d\d:\d\d:\d\d, UTC', 'https://erp\.example\.com/audit-admin/sessions/[0-9a-f]{32}';
        unlike($text, qr/<img|src=|url\(|<link|<script/i, "$part->{type} loads nothing");
    }
    my ($post) = $hook->wait_for_posts(1);
    is_deeply([ sort @{ $post->{alerts} } ], [qw(new_device new_place)], 'the webhook is told the same');
    is($post->{login}, 'demo', 'and who');
    is_deeply([ $hook->files('forged') ], [], 'its signature fits');

    my $client = $site->login('demo', agent => $CHROME);
    $client->call_kw('res.partner', 'read', [ [1] ]);
    @mails = $mail->wait_for(3);
    is(scalar @mails, 3, 'a second login as before is a login, but nothing new');
    like($mails[2]{parts}[0]{text}, qr/logged in as [^,]*\.\s/, 'and says so');
    # A mail that was taken, but whose taking is not noted yet, is sent again after a restart.
    Process::wait_until(sub { !$site->trail->query('SELECT 1 FROM outbox') });
    $site->httpd->restart;
    $site->login('demo', agent => $FIREFOX);
    @mails = $mail->wait_for(5);
    is(scalar @mails, 5, 'another browser is new, also after a restart');
    ok((grep { $_->{parts}[0]{text} =~ /from a device that was not seen before/ } @mails), 'the device, not the place');
    my %ids = map { $_->{headers}{'message-id'} => 1 } @mails;
    is(scalar keys %ids, 5, 'each has an id of its own');
    my $cookie = $client->session_id;
    is_deeply([ grep { $_->{raw} =~ /\Q$cookie\E|\Q$SECRET\E/ } @mails ], [], 'no secret in any mail');
    $site->trail->wait_for(1, operation => 'session_identified');
}

# To the users themselves, where the login is an address; nobody is mailed for what somebody typed.
{
    my $mail = Sink->mail;
    my $site = start($mail, 'UserAuditAlert new_login failed_logins=3/10m session_revoked to=user');

    $site->client->authenticate('nobody@example.com', 'wrong') for 1 .. 4;
    $site->trail->wait_for(4, operation => 'login_failed');
    $site->login('demo');
    $site->trail->wait_for(1, operation => 'session_identified');
    is(scalar($mail->wait_for(1, 2)), 0, 'no address, no mail; and none to one that nobody confirmed');
}

{
    my $mail = Sink->mail;
    my $site = start($mail, 'UserAuditAlert failed_logins=3/10m session_revoked trail_gap to=security@example.com');

    $site->client->authenticate("mallory\r\nBcc: victim\@example.com", 'wrong') for 1 .. 5;
    my ($failed) = $mail->wait_for(1);
    like($failed->{headers}{subject}, qr/Failed logins as mallory/, 'failed logins');
    is($failed->{headers}{bcc}, undef, 'no header can be smuggled in');
    like($failed->{parts}[0]{text}, qr/3 logins failed.* within 10m/, 'how many within which time');
    my $demo = $site->login('demo');
    my $page = Client::decode_json($demo->get('/audit-admin/sessions?format=json')->{body});
    $demo->post_json("/audit-admin/sessions/$page->{sessions}[0]{reference}/revoke", { csrf_token => $page->{csrf_token} });
    my @mails = $mail->wait_for(2);
    is(scalar @mails, 2, 'five failures raise one alert, and an ended session another');
    like($mails[1]{parts}[0]{text}, qr/Ended by:\s+demo/, 'by whom');
}

# What managers ask for on the page.
{
    my $mail = Sink->mail;
    my $site = start($mail, "UserAuditManager boss\@example.com admin\nUserAuditAlert session_revoked to=ops\@example.com");
    my ($admin, $demo) = map { $site->login($_) } qw(admin demo);
    my $page = Client::decode_json($admin->get('/audit-admin/alerts?format=json')->{body});

    is_deeply([ @$page{qw(waiting opt_outs)} ], [ 0, [] ], 'nothing waits, nobody is left out');
    is($demo->get('/audit-admin/alerts')->{status}, 403, 'a page for managers');
    is($demo->post_json('/audit-admin/alerts/test', {})->{status}, 403, 'and a test is theirs to send');
    is($admin->post_json('/audit-admin/alerts/test', { csrf_token => 'x' })->{status}, 403, 'from the page itself');
    is($admin->post_form('/audit-admin/alerts/test', { csrf_token => $page->{csrf_token} })->{status}, 303, 'the form');
    my ($test) = $mail->wait_for(1);
    is($test->{headers}{to}, 'ops@example.com', 'sends a mail to the site\'s address');
    like($test->{headers}{subject}, qr/Test of the audit's alerts/, 'that says what it is');
    for my $out (1, 0) {
        is($admin->post_json('/audit-admin/alerts/opt-out',
                { csrf_token => $page->{csrf_token}, uid => '6', opt_out => "$out" })->{status}, 200, "opt_out $out");
        ok(Process::wait_until(sub {
            @{ Client::decode_json($admin->get('/audit-admin/alerts?format=json')->{body})->{opt_outs} } == $out
        }), 'is kept');
    }
    is($admin->post_json('/audit-admin/alerts/opt-out', { csrf_token => $page->{csrf_token}, uid => 'me', opt_out => '1' })
            ->{status}, 400, 'nobody in particular');
    like($admin->get('/audit-admin/alerts')->{body}, qr/Send a test/, 'the page has the form');

    my $settings = Client::decode_json($admin->get('/audit-admin/settings?format=json')->{body});
    my $set = sub ($line) {
        return $admin->post_json('/audit-admin/settings', { csrf_token => $settings->{csrf_token},
                version => $settings->{version}, settings => { alerts => [$line] } })->{status};
    };
    is($set->('new_logins to=user'), 422, 'a rule that is none is refused on the settings page');
    is($set->('new_login to=added@example.com'), 200, 'one that is a rule is not');
    $site->login('demo');
    ok(Process::wait_until(sub { grep { $_->{headers}{to} eq 'added@example.com' } $mail->wait_for(1) }),
        'and holds beside those of httpd.conf');
}

# A server that is there again after it was not, and one that refuses.
{
    my $mail = Sink->mail->mode('450');
    my $site = start($mail, 'UserAuditAlert new_login to=a@example.com',
        server => ['UserAuditAlertGiveUp 14s'],
        allow => [ qr/the mail server does not take an alert: .*450/, qr/an alert \(new_login\) is given up: / ]);

    $site->login('demo');
    Process::wait_until(sub { $mail->tries >= 1 });
    $mail->mode('accept');
    is(scalar($mail->wait_for(1)), 1, 'what was put off is tried again');
    $mail->mode('550-rcpt');
    $site->login('demo');
    my ($failed) = $site->trail->wait_for(1, operation => 'alert_failed');
    like($failed->{values}, qr/"recipient":"a\@example\.com".*550/, 'what is refused for good is given up at once');
    $mail->mode('450');
    $site->login('admin');
    $site->trail->wait_for(2, operation => 'alert_failed');
    my @events = $site->trail->events(operation => 'alert_failed');
    like($events[1]{values}, qr/"tries":2.*450/, 'what is put off for ever after the stated time');
    is(($site->trail->query('SELECT COUNT(*) AS n FROM outbox'))[0]{n}, 0, 'and leaves the outbox');
}

# Nobody waits for a mail server that stalls: not the trail, not the end of httpd.
{
    my $mail = Sink->mail->mode('stall');
    my $site = start($mail, 'UserAuditAlert new_login to=a@example.com');

    $site->login('demo');
    Process::wait_until(sub { $mail->tries >= 1 });
    my $admin = $site->login('admin');
    $admin->call_kw('res.partner', 'write', [ [14], { city => 'Ghent' } ]);
    ok($site->trail->wait_for(1, operation => 'write'), 'the trail goes on');
    $mail->mode('accept');
    # The keeper has a second to leave, in which a busy machine may not let it write.
    for my $starts (2 .. 11) {
        $site->httpd->restart;
        $site->trail->wait_for($starts, operation => 'started');
        last if $site->trail->events(operation => 'stopped');
    }
    ok(scalar $site->trail->events(operation => 'stopped'), 'the keeper leaves, and leaves in order');
    # Each start may have cut a try, and the pause before the next one doubles from 5 s.
    my @mails = $mail->wait_for(2, 400);
    is(scalar @mails, 2, 'what was under way is sent by the next one');
}

# TLS and passwords.
for my $tls (qw(starttls smtps)) {
    my $mail = Sink->mail(tls => $tls, auth => 'audit:s3cret password');
    my $site = Site->start(version => 18, vhost => 'UserAuditAlert new_login to=a@example.com',
        server => join "\n", "UserAuditSMTP @{[ $mail->url ]} tls=required ca=@{[ $mail->certificate ]}",
        'UserAuditSMTPCredentials ' . secret_file("audit\ns3cret password\n"),
        'UserAuditMailFrom audit@example.com');

    $site->login('demo');
    my ($sent) = $mail->wait_for(1);
    is("$sent->{headers}{'x-sink-tls'} $sent->{headers}{'x-sink-auth'}", '1 1', "$tls with a password");
}

{
    my $mail = Sink->mail(tls => 'starttls');
    my $site = Site->start(version => 18, vhost => 'UserAuditAlert new_login to=a@example.com',
        server => "UserAuditSMTP @{[ $mail->url ]} tls=required\nUserAuditMailFrom audit\@example.com\n",
        allow => [qr/the mail server does not take an alert: .*certificate/i]);

    $site->login('demo');
    Process::wait_until(sub { $site->httpd->error_log =~ /does not take an alert/ });
    like($site->httpd->error_log, qr/does not take an alert: .*certificate/i, 'a certificate nobody vouches for is none');
    is(scalar $mail->tries, 0, 'nothing was sent');
}

finish();
