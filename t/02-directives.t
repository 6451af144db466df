# What a virtual host says, what it takes over from the server, and what both add up to.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/lib";
use Client;
use Httpd;
use Site;
use Standin;
use Test::More;
use Trail;

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

finish();
