# What is new about a login is judged against what is known of that user: over restarts, other
# machines' clocks and places; what goes on under another id, fetches a service worker or renders a
# report is no login.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/lib";
use Client ();
use Httpd ();
use Process;
use Sink;
use Site;
use Test::More;
use Tree;

my $CHROME = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36';
my $NEWER_CHROME = $CHROME =~ s/126/131/r;
my $FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0';
my $RENDERER = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/602.1 (KHTML, like Gecko) wkhtmltopdf Version/10.0 Safari/602.1';
my $MIA = 'mia@example.com';

my $PLACES = <<'PLACES';
198.51.100.0/24 51.05 3.72 Belgium Ghent
203.0.113.0/24 -33.87 151.21 Australia Sydney
192.0.2.0/25 50.85 4.35 Belgium Brussels
PLACES

sub places_file {
    my $folder = File::Temp::tempdir('places-XXXXXX', TMPDIR => 1, CLEANUP => 1);

    chmod 0755, $folder;
    open my $pipe, '|-', Httpd::build_dir() . '/t/unit/mmdb_make', "$folder/city.mmdb" or die "mmdb_make: $!";
    print {$pipe} $PLACES;
    close $pipe or die 'mmdb_make fails';
    return "$folder/city.mmdb";
}

sub start ($mail, $alerts, %options) {
    my $site = Site->start(version => 19, modules => ['remoteip'], %options,
        vhost => "UserAuditPageURL https://erp.example.com/audit-admin\n$alerts\n",
        server => <<~SERVER);
            UserAuditSMTP @{[ $mail->url ]}
            UserAuditMailFrom audit\@example.com
            UserAuditUserAgents @{[ top() ]}/t/unit/user_agent_rules.yaml
            UserAuditGeoIP @{[ places_file() ]}
            RemoteIPHeader X-Forwarded-For
            RemoteIPInternalProxy 127.0.0.1
            SERVER
    add_user($site, $MIA, 'Europe/Berlin');
    return $site;
}

sub add_user ($site, $login, $zone) {
    my $admin = $site->login('admin', agent => $FIREFOX);

    $admin->call_kw('res.users', 'create', [ { login => $login, password => $login, name => "Mia of $zone", tz => $zone } ]);
}

# A login as a browser does it, from an address.
sub login_from ($site, $address, %options) {
    my $client = $site->client(agent => $options{agent} // $CHROME);
    my @from = ('X-Forwarded-For' => $address);
    my $form = $client->get('/web/login', @from);
    my ($token) = $form->{body} =~ /name="csrf_token"\s+value="([^"]+)"/;
    my $login = $options{login} // $MIA;

    $client->post_form('/web/login', { login => $login, password => $login, csrf_token => $token }, headers => [@from]);
    $client->get('/odoo', @from);
    return $client;
}

# How many mails there are once all that was asked is on record: each is put into the outbox with its
# event, so that nothing waits there when the last one is out.
sub mails ($site, $mail) {
    $site->trail->settle($site->client);
    Process::wait_until(sub { !($site->trail->query('SELECT COUNT(*) AS n FROM outbox'))[0]{n} });
    return $mail->wait_for(0);
}

sub subjects (@mails) { return [ map { $_->{headers}{subject} } @mails ] }

# ---- new is what this user never had; a first login is new in everything ----
{
    my $mail = Sink->mail;
    my $site = start($mail, 'UserAuditAlert new_device new_place to=user');

    login_from($site, '198.51.100.7');
    my @mails = mails($site, $mail);
    is(scalar @mails, 1, 'a first login ever is new') or diag explain subjects(@mails);
    is($mails[0]{headers}{to}, $MIA, 'to the user, whose login is an address');
    my $text = $mails[0]{parts}[0]{text};
    like($text, qr/from a device and a place that were not seen before/, 'in everything');
    like($text, qr/Place:\s+Ghent, Belgium/, 'from where');
    like($text, qr/When:\s+\w{3} \d+ \w{3} \d{4}, \d\d:\d\d:\d\d, Europe\/Berlin \(UTC\+0[12]:00\)/, 'by the user\'s own clock');
    like($text, qr/there is nothing to do/, 'and what to do');

    login_from($site, '198.51.100.8', agent => $NEWER_CHROME);
    is(scalar(mails($site, $mail)), 1, 'the next one is not, nor is an update of the browser');
    $site->httpd->stop;
    $site->httpd->start;
    login_from($site, '198.51.100.9');
    is(scalar(mails($site, $mail)), 1, 'nor is anything new after httpd was stopped and started');
    login_from($site, '192.0.2.1');
    @mails = mails($site, $mail);
    is(scalar @mails, 2, 'another city is');
    like($mails[1]{parts}[0]{text}, qr/from a place that was not seen before/, 'the place, not the device');
    login_from($site, '192.0.2.1', agent => $FIREFOX);
    @mails = mails($site, $mail);
    like($mails[-1]{parts}[0]{text}, qr/from a device that was not seen before/, 'another browser is');
    login_from($site, '192.0.2.1', agent => $FIREFOX, login => 'demo');
    is(scalar(mails($site, $mail)), 3, 'demo\'s login is no address');

    # ---- left out by a manager ----
    my $admin = $site->login('admin', agent => $FIREFOX);
    my ($known) = $site->trail->wait_for(1, operation => 'session_identified', login => $MIA);
    my $page = Client::decode_json($admin->get('/audit-admin/alerts?format=json')->{body});
    is($admin->post_json('/audit-admin/alerts/opt-out',
            { csrf_token => $page->{csrf_token}, uid => "$known->{uid}", opt_out => '1' })->{status}, 200, 'a manager opts the user out');
    $site->trail->wait_for(1, operation => 'alert_opt_out');
    login_from($site, '203.0.113.1');
    is(scalar(mails($site, $mail)), 3, 'who gets no more');
}

# ---- from too far away ----
{
    my $mail = Sink->mail;
    my $site = start($mail, 'UserAuditAlert impossible_travel to=security@example.com');

    login_from($site, '198.51.100.7')->call_kw('res.partner', 'read', [ [1], ['name'] ], {},
        headers => [ 'X-Forwarded-For' => '198.51.100.7' ]);
    ok(Process::wait_until(sub { $site->trail->query("SELECT 1 AS found FROM sessions WHERE login = '$MIA' AND db = 'odoo'") }),
        'a session is kept with its database');
    login_from($site, '192.0.2.1');
    is(scalar(mails($site, $mail)), 0, 'Brussels is near Ghent');
    login_from($site, '203.0.113.9');
    my @mails = mails($site, $mail);
    is(scalar @mails, 1, 'Sydney is not') or diag $site->trail->describe;
    like($mails[0]{headers}{subject}, qr/Login as mia\@example\.com from too far away/, 'and the mail says so');
    like($mails[0]{parts}[0]{text}, qr/Place:\s+Sydney, Australia/, 'from where');
}

# ---- what is no login ----
{
    my $mail = Sink->mail;
    my $site = start($mail, 'UserAuditAlert new_login new_device new_place to=security@example.com');
    my $client = login_from($site, '198.51.100.7');
    my $before = scalar mails($site, $mail);
    my @from = ('X-Forwarded-For' => '198.51.100.7');
    my $id = $client->session_id;

    cmp_ok($before, '>=', 1, 'a login is told');
    $site->odoo->age;
    $client->call_kw('res.partner', 'read', [ [1], ['name'] ], {}, headers => [@from]);
    $client->get('/odoo', @from);
    isnt($client->session_id, $id, 'Odoo renewed the id');
    my $session = $client->session_id;
    for my $other ([ $FIREFOX, '/web/service-worker.js' ], [ $RENDERER, '/web/assets/x.css' ], [ $RENDERER, '/odoo' ]) {
        my ($agent, $path) = @$other;

        $site->client(agent => $agent, cookies => { session_id => $session })->get($path, 'X-Forwarded-For' => '203.0.113.5');
    }
    is(scalar(mails($site, $mail)), $before, 'a renewed id, a service worker and what renders reports are none');
}

# ---- an address that mail cannot be sent to ----
{
    my $mail = Sink->mail;
    my $site = start($mail, 'UserAuditAlert new_login to=user',
        allow => [qr/an alert \(new_login\) is given up: no address that mail can be sent to/]);
    my $odd = "m\x{c3}\x{bc}ller\@example.com";

    add_user($site, Client::decode_json("\"$odd\""), 'UTC');
    login_from($site, '198.51.100.7', login => $odd);
    my ($failed) = $site->trail->wait_for(1, operation => 'alert_failed');
    like($failed->{values}, qr/"recipient":"m.*ller\@example\.com".*no address that mail can be sent to/, 'is told in the trail');
    is(scalar(mails($site, $mail)), 0, 'and gets no mail');
}

finish();
