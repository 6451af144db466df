#!/usr/bin/perl
# Remakes the pictures of the pages: an audited stand-in with weeks of work in its trail, and
# screenshots.mjs before it. script/screenshots runs this.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Client;
use Httpd;
use Process;
use Site;
use Standin;

my ($folder) = @ARGV;
my $SECONDS = 240;
my @AGENTS = (
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36',
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1',
    'Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0',
);

# The site's name is what stands in the trail that demo_trail makes.
sub start {
    my $httpd = Httpd->new(upstream => Standin->start(version => 17)->url, vhost => "UserAuditSite odoo\n");
    my (undef, undef, $uid, $gid) = getpwnam 'www-data';

    system(Httpd::build_dir() . '/t/browser/demo_trail', $httpd->database, 'odoo', 'odoo', time) == 0
        or die 'demo_trail failed';
    if ($> == 0) {
        chown $uid, $gid, glob $httpd->database . '*';
    }
    return $httpd->start;
}

sub work ($httpd) {
    my @logins = qw(demo admin demo);

    for my $i (0 .. $#AGENTS) {
        my $client = Client->new(port => $httpd->port, agent => $AGENTS[$i]);

        $client->login($logins[$i], $logins[$i]);
        $client->call_kw('res.partner', 'write', [ [14], { city => 'Ghent', phone => '+32 9 210 00 00' } ]);
        $client->call_kw('res.users', 'write', [ [1], { login => 'x' } ]);
    }
    return;
}

my $httpd = start();
work($httpd);
my $browser = Process->start(
    command     => [ 'node', "$FindBin::Bin/screenshots.mjs", $httpd->url, $folder ],
    output      => $httpd->root . '/browser',
    environment => { NODE_PATH => Httpd::build_dir() . '/browser/node_modules' },
);
$browser->wait_gone($SECONDS) or $browser->stop;
my $status = $browser->status // -1;
print STDERR do { local (@ARGV, $/) = ($httpd->root . '/browser'); <> } if $status;
$httpd->stop;
exit($status == 0 ? 0 : 1);
