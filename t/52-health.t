#!/usr/bin/perl
# How the audit fares: what the page, its JSON and a scraper are told, who is told, and that the
# newest events can be verified there.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/lib";
use Client qw();
use Process ();
use Site;
use Test::More;

sub health ($client) {
    my $answer = $client->get('/audit-admin/health?format=json');

    return { %{ (eval { Client::decode_json($answer->{body}) }) // {} }, status => $answer->{status} };
}

sub verify ($client) {
    my $answer = $client->post_json('/audit-admin/health/verify', { csrf_token => health($client)->{csrf_token} });

    return Client::decode_json($answer->{body})->{verify};
}

# name => value of Prometheus' text, which must be well formed.
sub numbers ($text) {
    my %numbers;

    for my $line (split /\n/, $text) {
        next if $line =~ /^# (?:HELP|TYPE) user_audit_\w+ \S/;
        my ($name, $value) = $line =~ /^(user_audit_\w+(?:\{\w+="[\w. -]+"\})?) (\d+)$/ or fail("no metric: $line");
        $numbers{$name} = $value;
    }
    return \%numbers;
}

sub rights ($site, $admin, $demo) {
    my $nobody = $site->client;

    is $nobody->get('/audit-admin/metrics')->{status}, 401, 'metrics below the page: not for nobody';
    is $demo->get('/audit-admin/metrics')->{status}, 403, 'nor for a user';
    is health($demo)->{status}, 403, 'nor is health';
    is $demo->post_json('/audit-admin/health/verify', { csrf_token =>
        Client::decode_json($demo->get('/audit-admin/sessions?format=json')->{body})->{csrf_token} })->{status},
        403, 'a user verifies nothing';
    is $admin->post_json('/audit-admin/health/verify', {})->{status}, 403, 'no token';
    is $admin->get('/audit-admin/health/verify')->{status}, 405, 'a GET verifies nothing';
    is $nobody->get('/scrape', Authorization => 'x')->{status}, 403, 'a scraper that httpd does not let in';
    is $nobody->get('/scrape', 'X-Scraper' => 'yes')->{status}, 200, 'one that it does';
    return;
}

sub what_is_told ($site, $admin) {
    $admin->call_kw('res.partner', 'write', [ [14], { city => 'Ghent' } ]);
    $site->trail->settle($admin);
    my $told = Process::wait_until(sub {
        my $now = health($admin);
        $now->{keeper}{waiting_bytes} < 1000 && $now->{database}{state} eq 'works' && $now->{keeper}{lag_seconds} <= 5 && $now;
    });

    ok $told->{keeper}{up}, 'the keeper works';
    cmp_ok $told->{keeper}{lag_seconds}, '<=', 5, 'without a lag';
    cmp_ok $told->{keeper}{journal_limit_bytes}, '==', 4 * 2**30, 'the most the journal may take';
    cmp_ok $told->{since_start}{stored}, '>', 3, 'events were stored';
    is $told->{since_start}{lost}, 0, 'none was lost';
    is $told->{since_start}{unparsed_share}, '0.00 %', 'and each was read';
    cmp_ok $told->{sessions}{open}, '>=', 2, 'open sessions';
    is $told->{sessions}{room}, 65536, 'and the room for them';
    is $told->{trail}{mail_waiting}, 0, 'no mail waits';
    my $page = $admin->get('/audit-admin/health', Accept => 'text/html');

    is $page->{status}, 200, 'as a page';
    like $page->{body}, qr/Lost events/, 'with the same';
    return;
}

sub unreadable_calls ($site, $admin) {
    $admin->request('POST', '/web/dataset/call_kw', body => '{"jsonrpc": "2.0", "params": {]',
        headers => [ 'Content-Type' => 'application/json' ]);
    $site->trail->wait_for(1, operation => 'unparsed_call');
    ok Process::wait_until(sub { health($admin)->{since_start}{unparsed} == 1 }), 'what cannot be read is counted';
    return;
}

sub scraped ($site, $admin) {
    my $answer = $site->client->get('/scrape', 'X-Scraper' => 'yes');
    my $numbers = numbers($answer->{body});

    like $answer->{body}, qr/^user_audit_info\{version="\d+\.\d+\.\d+"\} 1$/m, 'which version it is';
    like Client::header($answer, 'Content-Type'), qr{^text/plain; version=0\.0\.4}, 'the type that scrapers know';
    is $numbers->{user_audit_keeper_up}, 1, 'the keeper works';
    is $numbers->{user_audit_database_up}, 1, 'the database works';
    is $numbers->{user_audit_forward_lag_seconds}, 0, 'no receiver waits';
    is $numbers->{user_audit_events_lost_total}, 0, 'nothing was lost';
    cmp_ok $numbers->{user_audit_events_stored_total}, '>', 3, 'events were stored';
    cmp_ok $numbers->{'user_audit_sessions{state="open"}'}, '>=', 2, 'sessions by state';
    unlike $answer->{body}, qr/admin|demo|127\.0\.0\.1|res\.partner/, 'nobody is named';
    is $admin->get('/audit-admin/metrics')->{status}, 200, 'a manager reads the same below the page';
    return;
}

sub verified ($site, $admin) {
    my $verify = verify($admin);

    ok $verify->{intact}, 'the newest events are as they were written';
    cmp_ok $verify->{events}, '>', 5, 'so many';
    system 'sqlite3', '-cmd', '.timeout 60000', $site->httpd->database,
        q{UPDATE events SET values_json = '{"city":"Lyon"}' WHERE operation = 'write'};
    $verify = verify($admin);
    ok !$verify->{intact}, 'one that was changed is found';
    like $verify->{fault}, qr/^Event \d+ is not as it was written/, 'and named';
    my $page = $admin->get('/audit-admin/health', Accept => 'text/html');
    my ($token) = $page->{body} =~ /name="csrf_token" value="([^"]+)"/;

    like $admin->post_form('/audit-admin/health/verify', { csrf_token => $token }, headers => [ Accept => 'text/html' ])->{body},
        qr/role="status">Event \d+ is not/, 'on the page as well';
    return;
}

sub database_away ($mpm) {
    my $site = Site->start(version => 17, mpm => $mpm, server => "UserAuditDatabase sqlite3 /nonexistent/audit.db\n");
    my $client = $site->client;

    $site->httpd->allow(qr/database|cannot/);
    $site->httpd->configure(vhost => "<Location /scrape>\nSetHandler user-audit-metrics\n</Location>\n");
    $site->httpd->graceful;
    my $told = Process::wait_until(sub {
        my $now = numbers($client->get('/scrape')->{body});
        $now->{user_audit_database_failed_timestamp_seconds} && $now->{user_audit_journal_waiting_bytes} > 0 && $now;
    });

    ok $told, "$mpm: without a database the numbers are told all the same";
    is $told->{user_audit_database_up}, 0, "$mpm: that it is away among them";
    return;
}

my $site = Site->start(version => 17, vhost => <<~'VHOST');
    <Location /scrape>
        SetHandler user-audit-metrics
        Require expr "req('X-Scraper') == 'yes'"
    </Location>
    VHOST
my $admin = $site->login('admin');

$site->httpd->allow(qr/AH01630/); # the scraper that httpd does not let in
rights($site, $admin, $site->login('demo'));
what_is_told($site, $admin);
unreadable_calls($site, $admin);
scraped($site, $admin);
verified($site, $admin);
database_away('event');
finish();
