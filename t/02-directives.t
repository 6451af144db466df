# What a virtual host says, what it takes over from the server, and what both add up to.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/lib";
use Client;
use File::Temp ();
use Httpd;
use Site;
use Standin;
use Test::More;
use Trail;

# What signs webhooks, for its owner alone.
sub secret_file {
    my $file = File::Temp->new(TEMPLATE => 'secret-XXXXXX', TMPDIR => 1);

    print {$file} "secret\n";
    close $file;
    state @kept;
    push @kept, $file;
    return $file->filename;
}

# Writes and then reads a partner with secrets in it; returns the events of both by operation.
sub traces ($site) {
    my $admin = $site->login('admin');

    $admin->call_kw('res.partner', 'write', [ [14], { city => 'Ghent', salary_grade => 'A', api_key => 'k3y' } ]);
    $admin->call_kw('res.partner', 'read', [ [14], ['city'] ]);
    $admin->call_kw('res.partner.category', 'create', [ { name => 'VIP' } ]);
    $site->trail->settle($admin);
    return { map { ("$_->{operation} $_->{model}" => $_) } $site->trail->events(outcome => qr/./) };
}

{
    my $seen = traces(Site->start(version => 17));

    is($seen->{'write res.partner'}{site}, '127.0.0.1', 'the site is named as its server');
    is($seen->{'write res.partner'}{fields}, 'api_key city salary_grade', 'names of what was written');
    like($seen->{'write res.partner'}{values}, qr/"city":"Ghent"/, 'values by default');
    like($seen->{'write res.partner'}{values}, qr/"salary_grade":"A"/, 'and of every ordinary field');
    unlike($seen->{'write res.partner'}{values}, qr/k3y/, 'but no key');
    ok($seen->{'create res.partner.category'}, 'other models too');
    ok(!$seen->{'read res.partner'}, 'reads are not tracked unless asked for');
}

{
    my $seen = traces(Site->start(version => 17, server => <<~SERVER, vhost => <<~VHOST));
        UserAuditTrack create,write *
        UserAuditRedact *CITY
        UserAuditValues names
        UserAuditSite everybody
        SERVER
        UserAuditTrack read res.*
        UserAuditTrack write * !res.partner.*
        UserAuditRedact salary*
        UserAuditValues values
        VHOST

    is($seen->{'write res.partner'}{site}, 'everybody', 'a site takes over what it does not say');
    ok($seen->{'read res.partner'}, 'its own lines of UserAuditTrack add up');
    ok(!$seen->{'create res.partner.category'}, 'and replace those of the server');
    my $values = $seen->{'write res.partner'}{values};
    unlike($values, qr/Ghent/, 'what the server redacts stays redacted');
    unlike($values, qr/"A"/, 'besides what the site redacts');
    like($values, qr/"city":"\[redacted\]"/, 'and says so');
}

for my $level (qw(names none)) {
    my $event = traces(Site->start(version => 18, vhost => "UserAuditValues $level\n"))->{'write res.partner'};

    is($event->{values}, '', "UserAuditValues $level: no values");
    is($event->{fields}, $level eq 'names' ? 'api_key city salary_grade' : '', "UserAuditValues $level: names");
    is($event->{record_ids}, 14, "UserAuditValues $level: and the record");
}

# Two sites on one server, each before its own Odoo, told apart in one trail.
{
    my @odoo = map { Standin->start(version => $_) } 16, 19;
    my $second = Httpd::free_port();
    my $site = Site->start(odoo => $odoo[0], vhost => "UserAuditSite first\n", server => <<~SERVER);
        Listen 127.0.0.1:$second
        <VirtualHost *:$second>
            UserAudit On
            UserAuditSite second
            ProxyPass / @{[ $odoo[1]->url ]}/
        </VirtualHost>
        SERVER
    my $other = Client->new(port => $second);

    $site->login('admin')->call_kw('res.partner', 'write', [ [14], { city => 'One' } ]);
    $other->login('demo', 'demo');
    $other->call_kw('res.partner', 'write', [ [14], { city => 'Two' } ]);
    my %writes = map { ($_->{site} => $_) } $site->trail->wait_for(2, operation => 'write');

    is_deeply([ map { $writes{$_}{login} } qw(first second) ], [qw(admin demo)], 'who did it on which site');
    like($writes{second}{values}, qr/Two/, 'and what');

    my $stranger = Client->new(port => $second);
    $stranger->session_id($site->login('admin')->session_id);
    is($stranger->call_kw('res.partner', 'write', [ [14], { city => 'Three' } ])->{error}{code}, 100,
        'a session of one site is none on the other');
}

# Lines of alerts: a site's own replace the server's, "off" is none, and the settings page shows both.
{
    my $second = Httpd::free_port();
    my $site = Site->start(version => 17, vhost => "UserAuditSite first\nUserAuditAlert new_device  to=a\@example.com,webhook\n",
        allow => [qr/the (?:webhook|mail server) does not take an alert/], server => <<~SERVER);
        UserAuditSMTP smtp://127.0.0.1:9 tls=off
        UserAuditMailFrom audit\@example.com
        UserAuditWebhook http://127.0.0.1:9/ @{[ secret_file() ]}
        UserAuditAlert session_revoked to=b\@example.com
        Listen 127.0.0.1:$second
        <VirtualHost *:$second>
            UserAudit On
            UserAuditSite second
            UserAuditAlert off
        </VirtualHost>
        SERVER
    my $admin = $site->login('admin');
    my $shown = sub { return Client::decode_json($admin->get('/audit-admin/settings?format=json')->{body}) };
    my $set = sub (@lines) {
        my $page = $shown->();

        return $admin->post_json('/audit-admin/settings', { csrf_token => $page->{csrf_token}, version => $page->{version},
                settings => { alerts => [@lines] } });
    };

    is_deeply($shown->()->{settings}{alerts}{httpd_conf}, ['new_device to=a@example.com,webhook'], 'what httpd.conf says');
    is($set->('new_place to=user')->{status}, 200, 'a manager adds to it');
    is_deeply($shown->()->{settings}{alerts}{effective}, [ 'new_device to=a@example.com,webhook', 'new_place to=user' ], 'both hold');
    my $many = $set->(('new_place to=user') x 16);
    is($many->{status}, 422, 'there are at most 16');
    like($many->{body}, qr/Write at most 15 lines: 16 count/, 'those of httpd.conf included');
}

# Nothing on the settings page that nobody could send.
{
    my $site = Site->start(version => 17);
    my $admin = $site->login('admin');
    my $page = Client::decode_json($admin->get('/audit-admin/settings?format=json')->{body});

    for ([ 'new_login to=user', qr/No mail can be sent: httpd.conf names no server with UserAuditSMTP/ ],
        [ 'new_login to=x@example.com', qr/No mail can be sent/ ],
        [ 'new_login to=webhook', qr/There is no webhook: httpd.conf names none with UserAuditWebhook/ ]) {
        my ($line, $why) = @$_;
        my $answer = $admin->post_json('/audit-admin/settings', { csrf_token => $page->{csrf_token}, version => $page->{version},
                settings => { alerts => [$line] } });

        is($answer->{status}, 422, "$line: refused");
        like($answer->{body}, $why, 'and why');
    }
}

finish();
