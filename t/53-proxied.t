#!/usr/bin/perl
# The module's own page answers where ProxyPass / takes all paths and no line excepts it: the handler
# of its <Location> is set after ProxyPass has set its own. So nothing has to be warned of.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/lib";
use Client qw();
use Site;
use Test::More;

my $site = Site->start(exception => '');
my $admin = $site->login('admin');
my $demo = $site->login('demo');
my $page = $admin->get('/audit-admin/sessions?format=json');
my $sessions = Client::decode_json($page->{body});
my ($victim) = grep { $_->{login} eq 'demo' } @{ $sessions->{sessions} };

is $page->{status}, 200, 'the page of a manager';
ok $victim, 'with the other session';
like $admin->get('/audit-admin/activity.csv')->{body}, qr/^id,time,/, 'the CSV';
is $admin->post_json("/audit-admin/sessions/$victim->{reference}/revoke", { csrf_token => $sessions->{csrf_token} })->{status},
    200, 'a session is ended there';
is $demo->call_kw('res.partner', 'read', [ [3], ['name'] ])->{error}{code}, 100, 'and refused';
$site->trail->settle($site->client);
is_deeply [ grep { $_->{path} =~ /audit-admin/ && $_->{operation} eq 'call' } $site->trail->events ], [],
    'nothing of it is taken for a call of Odoo';
unlike $site->odoo->output, qr/audit-admin/, 'nor reaches Odoo';

finish();
