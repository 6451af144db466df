package Site;

# The usual set-up of an end-to-end test: stand-in, audited httpd before it, clients, trail.
#
#   my $site = Site->start(version => 18, vhost => "UserAuditTrack * *\n");
#   my $admin = $site->login('admin');
#   $admin->call_kw('res.partner', 'write', [[14], { city => 'Paris' }]);
#   my ($event) = $site->trail->wait_for(1, operation => 'write');
#   finish();

use v5.36;
use Client;
use Exporter qw(import);
use Httpd;
use Standin;
use Trail;

our @EXPORT = qw(finish);

# %options: version and arguments of the stand-in; the rest is Httpd's.
sub start ($class, %options) {
    my %standin = map { $_ => delete $options{$_} } grep { exists $options{$_} } qw(version arguments);
    my $odoo = $options{odoo} // Standin->start(%standin);
    my $httpd = Httpd->new(upstream => $odoo->url, %options)->start;

    return bless { odoo => $odoo, httpd => $httpd, trail => Trail->new(httpd => $httpd) }, $class;
}

sub odoo  ($self) { return $self->{odoo} }
sub httpd ($self) { return $self->{httpd} }
sub trail ($self) { return $self->{trail} }

# A new visitor.
sub client ($self, %options) { return Client->new(port => $self->{httpd}->port, %options) }

# A new visitor who is logged in. The stand-in's passwords are the logins.
sub login ($self, $login, %options) {
    my $client = $self->client(%options);

    $client->login($login, $login);
    return $client;
}

1;
