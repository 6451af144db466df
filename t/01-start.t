# It starts with every MPM, restarts, stops, and refuses a wrong configuration with a sentence.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/lib";
use Client;
use Httpd;
use Standin;
use Test::More;

my $odoo = Standin->start(version => 17);

sub serves ($httpd) {
    return Client->new(port => $httpd->port)->get('/web/login')->{status} == 200;
}

for my $mpm (qw(event worker prefork)) {
    my $httpd = Httpd->new(mpm => $mpm, upstream => $odoo->url)->start;

    ok(serves($httpd), "$mpm: the login page comes through");
    my @before = $httpd->child_pids;
    cmp_ok(scalar @before, '>=', 3, "$mpm: children and a keeper run");
    $httpd->graceful;
    ok(serves($httpd), "$mpm: after a graceful restart");
    $httpd->restart;
    ok(serves($httpd), "$mpm: after a full one");
    my @then = $httpd->child_pids;
    ok($httpd->stop, "$mpm: it stops gracefully");
    is(scalar(grep { kill 0, $_ } @before, @then), 0, "$mpm: no process is left");
    ok(serves($httpd->start), "$mpm: after a new start");
    @then = $httpd->child_pids;
    ok($httpd->stop('TERM'), "$mpm: it stops at once");
    is(scalar(grep { kill 0, $_ } @then), 0, "$mpm: no process is left");
}

is((stat $_->state_dir)[2] & 0777, 0700, 'nobody else may look into the state folder')
    for Httpd->new(upstream => $odoo->url)->start;

# Nothing of it is active where it is not switched on.
{
    my $httpd = Httpd->new(vhost => 'ProxyPass / ' . $odoo->url . '/')->start;

    ok(serves($httpd), 'without "UserAudit On" the proxy serves');
    is_deeply([ glob $httpd->state_dir . '/*' ], [], 'and nothing is written');
}

# Where it stands, what it says, what the sentence must name.
my @wrong = (
    [ server => 'UserAuditMaxSessions many',               qr/UserAuditMaxSessions "many": .*number from/ ],
    [ server => 'UserAuditMaxSessions 5000000',            qr/number from/ ],
    [ server => 'UserAuditDatabase mysql host=x',          qr/UserAuditDatabase "mysql": .*sqlite3/ ],
    [ server => 'UserAuditJournalSync sometimes',          qr/"sometimes": say one of off, second, always/ ],
    [ server => 'UserAuditOnJournalFailure pray',          qr/"pray": say one of continue, refuse/ ],
    [ server => 'UserAuditJournalMaxSize 4X',              qr/"4X": say a size/ ],
    [ server => 'UserAuditMaxStoreSize 4X',                qr/"4X": say a size/ ],
    [ server => 'UserAuditMaxStoreSize 4K',                qr/"4K": say a size/ ],
    [ server => 'UserAuditCleanupInterval 0',              qr/"0": say a time of at least 1s/ ],
    [ server => 'UserAuditCleanupInterval soon',           qr/"soon": say a time/ ],
    [ server => 'UserAuditRetention writes never',         qr/"never": say a time/ ],
    [ server => 'UserAuditRetention everything 30d',       qr/"everything": say writes, reads, logins/ ],
    [ server => 'UserAuditUserAgents /nowhere/x.yaml',     qr{"/nowhere/x.yaml": the file cannot be read: No such file} ],
    [ server => 'UserAuditUserAgents /tmp',                qr{"/tmp": this is no file} ],
    [ server => 'UserAuditGeoIP /nowhere/x.mmdb',          qr{"/nowhere/x.mmdb": the file cannot be read} ],
    [ server => 'UserAuditGeoIP' . ' /etc/passwd' x 5,      qr{"/etc/passwd": say at most 4 files} ],
    [ vhost  => 'UserAuditTrack read',                     qr/UserAuditTrack: say operations and then models/ ],
    [ vhost  => 'UserAuditTrack reed *',                   qr/UserAuditTrack: "reed" is no operation/ ],
    [ vhost  => 'UserAuditTrack login *',                  qr/UserAuditTrack: "login" is always tracked/ ],
    [ vhost  => 'UserAuditTrack read hr.employee,hr.leave', qr/UserAuditTrack: "hr.employee,hr.leave" is no model/ ],
    [ vhost  => 'UserAuditValues some',                    qr/"some": say one of none, names, values/ ],
    [ vhost  => 'UserAuditIdleTimeout 15minutes',          qr/"15minutes": say a time/ ],
    [ server => 'UserAuditNode ' . 'n' x 64,              qr/n": say a name of 1 to 63/ ],
    [ vhost  => 'UserAuditMaxUserSessions 0',               qr/"0": say a number from 1/ ],
    [ vhost  => 'UserAuditMaxLifetime -1',                 qr/"-1": say a time/ ],
    [ vhost  => 'UserAuditManager group:system',           qr/"group:system": say the group's full external id/ ],
    [ vhost  => 'UserAuditSessionCarriers header',         qr/"header": say one of cookie, all/ ],
    [ vhost  => 'UserAuditAlert new_logins to=user',        qr/UserAuditAlert: "new_logins" is no rule: say new_login, new_device/ ],
    [ vhost  => 'UserAuditAlert new_login',                qr/UserAuditAlert: say who gets it/ ],
    [ vhost  => 'UserAuditAlert to=user',                  qr/UserAuditAlert: say what raises an alert/ ],
    [ vhost  => 'UserAuditAlert new_login=2/1m to=user',   qr/"new_login" takes no number/ ],
    [ vhost  => 'UserAuditAlert mass_read to=user',        qr/"mass_read" needs a number and a time/ ],
    [ vhost  => 'UserAuditAlert failed_logins=5/2d to=user', qr/"failed_logins=5\/2d" needs a number and a time of 1s to 24h/ ],
    [ vhost  => 'UserAuditAlert new_login to=mia@',        qr/"mia@" is no recipient/ ],
    [ vhost  => "UserAuditAlert new_login to=m\x{c3}\x{bc}ller\@example.com", qr/is no recipient/ ],
    [ vhost  => "UserAudit On\nUserAuditAlert new_login to=user", qr/UserAuditAlert sends mail: name the server with UserAuditSMTP/ ],
    [ vhost  => "UserAudit On\nUserAuditAlert new_login to=webhook", qr/to=webhook: name it with UserAuditWebhook/ ],
    [ vhost  => "UserAuditAlert new_login to=user\n" x 17,  qr/UserAuditAlert: say at most 16 lines/ ],
    [ vhost  => 'UserAuditPageURL erp.example.com',        qr{"erp.example.com": say an address such as https://} ],
    [ server => 'UserAuditSMTP mail.example.com',          qr/UserAuditSMTP "mail.example.com": / ],
    [ server => 'UserAuditSMTP smtp://127.0.0.1 tls=some', qr/"some": say one of required, off/ ],
    [ server => 'UserAuditSMTP smtp://127.0.0.1 port=25',  qr/"port=25": say tls=required, tls=off or ca=file/ ],
    [ server => "UserAudit On\nUserAuditSMTP smtp://127.0.0.1", qr/name the sender with UserAuditMailFrom/ ],
    [ server => 'UserAuditMailFrom "Audit <a@example.com>"', qr/say a mail address, such as audit\@example.com/ ],
    [ server => 'UserAuditSMTPCredentials /nowhere/x',     qr{"/nowhere/x": the file cannot be read} ],
    [ server => 'UserAuditSMTPCredentials /etc/passwd',    qr{"/etc/passwd": this file } ],
    [ server => 'UserAuditWebhook ftp://x/ /etc/passwd',   qr{UserAuditWebhook "ftp://x/": } ],
    [ server => 'UserAuditAlertLimit many off',            qr/"many": say off, or a number and a time/ ],
    [ server => 'UserAuditAlertGiveUp 0',                  qr/"0": say a time of at least 1s/ ],
    [ vhost  => 'UserAuditStateDir /tmp/x',                qr/UserAuditStateDir cannot occur within <VirtualHost>/ ],
    [ vhost  => "<Location /x>\nUserAudit On\n</Location>", qr/UserAudit .*<Location>/ ],
);

for (@wrong) {
    my ($place, $text, $sentence) = @$_;
    my ($fine, $words) = Httpd->new(upstream => $odoo->url, $place => $text)->test_config;

    ok(!$fine, "refused: $text");
    like($words, $sentence, 'with the mend');
}

# What can only be seen when it starts.
{
    my $httpd = Httpd->new(upstream => $odoo->url, allow => [qr/user_audit|AH00020/]);

    chmod 0500, $httpd->state_dir;
    rmdir $httpd->state_dir;
    open my $file, '>', $httpd->state_dir;
    ok(!$httpd->try_start, 'a state folder that is a file stops the start');
    like($httpd->error_log . $httpd->output, qr/UserAuditStateDir/, 'with a word about it');
}

# What in the rest of the configuration would let something pass unseen.
sub advised ($expected, $what, %options) {
    my $httpd = Httpd->new(upstream => 'http://127.0.0.1:9', allow => [qr{CacheQuickHandler off}],
        modules => [qw(cache cache_disk)], %options)->start;

    is $httpd->error_log =~ /: set CacheQuickHandler off/ ? 1 : 0, $expected, $what;
    return;
}

# Two hosts of one site: what managers set adds to both.
sub of_one_site ($expected, $what, $directives) {
    my $port = Httpd::free_port();
    my $httpd = Httpd->new(upstream => 'http://127.0.0.1:9', allow => [qr/is of the site shop/],
        vhost => "UserAuditSite shop\nUserAuditIdleTimeout 30m\n", server => <<~SERVER)->start;
        Listen 127.0.0.1:$port
        <VirtualHost *:$port>
            UserAudit On
            $directives
            ProxyPass /audit-admin !
        </VirtualHost>
        SERVER

    is $httpd->error_log =~ /is of the site shop as \S+:\d+ is, with another idle_timeout/ ? 1 : 0, $expected, $what;
    return;
}

of_one_site(1, 'hosts of one site with different floors are warned of', "UserAuditSite shop\n    UserAuditIdleTimeout 8h");
of_one_site(0, 'the same floor twice is not', "UserAuditSite shop\n    UserAuditIdleTimeout 1800");
of_one_site(0, 'nor is a site of its own', 'UserAuditSite other');

advised(1, 'a cache before the gate is warned of', vhost => "CacheEnable disk /\n");
advised(1, 'one for all hosts as well', server => "CacheEnable disk /\n");
advised(0, 'a cache behind the gate is not', vhost => "CacheEnable disk /\nCacheQuickHandler Off\n");
advised(0, 'nor one of another host',
    server => "<VirtualHost *:9>\nCacheEnable disk /\n</VirtualHost>\n");

finish();
